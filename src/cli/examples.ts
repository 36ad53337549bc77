import type { Command } from 'commander'

/** What people type most, by the command's name; the ones whose use is plain have none. */
export const EXAMPLES: Readonly<Record<string, readonly string[]>> = Object.freeze({
  enginehouse: ['enginehouse serve', 'enginehouse status', 'enginehouse run chat', 'enginehouse explain chat'],
  serve: ['enginehouse serve', 'enginehouse serve -c models.yaml --listen 127.0.0.1:9000'],
  init: ['enginehouse init', 'enginehouse init /srv/models -o enginehouse.yaml'],
  validate: ['enginehouse validate', 'enginehouse validate next.yaml --json', 'make-manifest | enginehouse validate -'],
  plan: ['enginehouse plan', 'enginehouse plan next.yaml', 'enginehouse plan next.yaml --exit-code --quiet'],
  apply: ['enginehouse apply', 'enginehouse apply next.yaml', 'enginehouse apply next.yaml --yes'],
  config: ['enginehouse config show --origin', 'enginehouse config show --json'],
  doctor: ['enginehouse doctor', 'enginehouse doctor -c enginehouse.yaml --json'],
  status: ['enginehouse status', 'enginehouse status --host 127.0.0.1:9000 --key-file key'],
  run: [
    'enginehouse run chat',
    'enginehouse run chat "Why is the sky blue?"',
    'git diff | enginehouse run chat "Write a commit message"',
    'enginehouse run models/tiny.gguf',
  ],
  load: ['enginehouse load chat', 'enginehouse load chat --dry-run', 'enginehouse load chat --no-wait --json'],
  unload: ['enginehouse unload chat', 'enginehouse unload --all'],
  pin: ['enginehouse pin chat', 'enginehouse pin chat --for 2h'],
  devices: ['enginehouse devices', 'enginehouse devices clear 0'],
  logs: ['enginehouse logs chat', 'enginehouse logs chat -f --lines 20'],
  explain: [
    'enginehouse explain chat',
    'enginehouse explain chat --at 14:03',
    'enginehouse explain insufficient_gpu_memory',
  ],
  events: ['enginehouse events --since 10m', 'enginehouse events -f --model chat', 'enginehouse events -f --json'],
  engines: [
    'enginehouse engines list',
    'enginehouse engines install llama-server',
    'enginehouse engines install vllm',
    'enginehouse engines doctor vllm',
  ],
  completion: [
    'source <(enginehouse completion bash)    # in ~/.bashrc',
    'source <(enginehouse completion zsh)     # in ~/.zshrc, after compinit',
    'enginehouse completion fish | source     # in ~/.config/fish/config.fish',
  ],
})

/** At the end of a command's help. */
export function addExamples(command: Command): void {
  const lines = EXAMPLES[command.name()]
  if (lines) command.addHelpText('after', ['', 'Examples:', ...lines.map((line) => `  ${line}`)].join('\n'))
}
