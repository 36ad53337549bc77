import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect } from 'vitest'

import type { Look } from '../../src/cli/render/paint.ts'

const SCREENS = fileURLToPath(new URL('../golden/cli/', import.meta.url))

export const AT_80: Look = { color: false, width: 80 }
export const AT_200: Look = { color: false, width: 200 }

/**
 * Holds a text against its file in tests/golden/cli, as a person sees it; escape characters are written as `\e`.
 * With WRITE_SCREENS set the file is written instead: read the difference before it is kept.
 */
export function expectScreen(file: string, text: string): void {
  const shown = text.replaceAll('\u001b', String.raw`\e`)
  if (process.env['WRITE_SCREENS']) writeFileSync(SCREENS + file, shown)
  expect(shown).toBe(readFileSync(SCREENS + file, 'utf8'))
}
