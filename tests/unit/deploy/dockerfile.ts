export interface Instruction {
  readonly name: string
  readonly text: string
}

/** What stands from one FROM to the next. */
export interface Stage {
  readonly image: string
  readonly as: string | null
  readonly instructions: readonly Instruction[]
}

export interface Dockerfile {
  readonly args: ReadonlyMap<string, string>
  readonly stages: readonly Stage[]
}

/** As much of the format as ours uses: comments, lines that go on after a backslash, no heredocs. */
export function readDockerfile(text: string): Dockerfile {
  const lines = text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
  const args = new Map<string, string>()
  const stages: { image: string; as: string | null; instructions: Instruction[] }[] = []
  for (const line of lines) {
    const [, name, rest = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    if (name === undefined) continue
    const stage = stages.at(-1)
    if (name === 'FROM') {
      const [image = '', , as = null] = rest.split(/\s+/)
      stages.push({
        image: image.replace(/\$\{(\w+)\}/, (_, key: string) => args.get(key) ?? ''),
        as,
        instructions: [],
      })
    } else if (stage === undefined) {
      const [key = '', value = ''] = rest.split('=')
      args.set(key, value)
    } else {
      stage.instructions.push({ name, text: rest })
    }
  }
  return { args, stages }
}

/** The texts of every instruction of one name. */
export function every({ instructions }: Stage, name: string): readonly string[] {
  return instructions.filter((each) => each.name === name).map(({ text }) => text)
}
