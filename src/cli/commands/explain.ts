import type { ExplanationAnswer } from '../answers.ts'
import type { Client } from '../client.ts'
import type { Register } from '../command.ts'
import { DaemonError } from '../problem.ts'
import { renderExplanation } from '../render/explanation.ts'

export const explain: Register = (program, act) => {
  program
    .command('explain')
    .description('say why a model is as it is, or what became of a request, from the journal')
    .argument('<model|request>')
    .action(
      act(async (job, subject: string) => {
        const answer = await ask(await job.client(), subject)
        if (job.options.json) job.printJson(answer)
        else job.print(renderExplanation(answer, job.look))
      }),
    )
}

/** What is no model may be a request; what is neither is reported as a model that is not there. */
async function ask(client: Client, subject: string): Promise<ExplanationAnswer> {
  try {
    return await client.explain({ model: subject })
  } catch (error) {
    if (!isRefusal(error, 'model_not_found')) throw error
    return client.explain({ request: subject }).catch((second: unknown) => {
      throw isRefusal(second, 'request_not_found') ? error : second
    })
  }
}

function isRefusal(error: unknown, code: string): boolean {
  return error instanceof DaemonError && error.problem.code === code
}
