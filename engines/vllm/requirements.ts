/** Packages of which the wheel for processors wants builds that package indexes do not carry. */
const TORCH_FAMILY = /^torch(audio|vision|codec)?(?![\w.-])/

/**
 * What a wheel asks for by its METADATA, one requirement each as pip reads them: without extras, and without torch and
 * the packages beside it.
 */
export function requirementsOf(metadata: string): readonly string[] {
  const [headers = ''] = metadata.split(/\r?\n\r?\n/)
  const asked = headers.split(/\r?\n/).flatMap((line) => /^Requires-Dist: *(.+)$/.exec(line)?.[1] ?? [])
  return asked.filter((requirement) => !/\bextra *==/.test(requirement) && !TORCH_FAMILY.test(requirement))
}
