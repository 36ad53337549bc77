import { basename, dirname, join } from 'node:path'

const PART = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i

/**
 * The files of a model that is split, in order, from the name of the first: an engine is given that one and finds the
 * others beside it. The path itself for a file that is whole; a text for a part that is not the first.
 */
export function partsOf(path: string): readonly string[] | string {
  const [, stem, part, count] = PART.exec(basename(path)) ?? []
  if (stem === undefined || part === undefined || count === undefined) return [path]
  const nameOf = (number: number): string => `${stem}-${String(number).padStart(5, '0')}-of-${count}.gguf`
  if (Number(part) !== 1) return `it is part ${Number(part)} of ${Number(count)}: name the first, ${nameOf(1)}`
  return Array.from({ length: Number(count) }, (_, index) => join(dirname(path), nameOf(index + 1)))
}
