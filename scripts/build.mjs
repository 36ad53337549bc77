// Compiles src and engines into dist, from nothing, and says something only when that fails.
import { spawnSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

// What was deleted from the source must not go on working from an earlier build.
rmSync(`${root}/dist`, { recursive: true, force: true })

const compiler = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
})
if (compiler.error) throw compiler.error
if (compiler.status !== 0) process.exit(compiler.status ?? 1)

// The compiler keeps the first line of main.ts, and not that it may be executed.
chmodSync(`${root}/dist/src/main.js`, 0o755)
