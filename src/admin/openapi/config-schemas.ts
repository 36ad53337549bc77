import * as z from 'zod'

import type * as shapes from '../shapes.ts'

/* The shapes of the manifest in force and of one that may take its place, for the OpenAPI document. */

const setting: z.ZodType<shapes.SettingShape> = z.strictObject({
  key: z.string(),
  path: z.array(z.string()),
  value: z.unknown().exactOptional(),
  words: z.string().exactOptional(),
  origin: z.strictObject({
    from: z.enum(['flag', 'environment', 'manifest', 'default']),
    name: z.string().exactOptional(),
    file: z.string().exactOptional(),
    line: z.int().exactOptional(),
  }),
})

const problem: z.ZodType<shapes.ProblemShape> = z.strictObject({
  code: z.string(),
  file: z.string(),
  line: z.int(),
  column: z.int(),
  length: z.int(),
  path: z.string(),
  message: z.string(),
  next: z.string(),
  nearest: z.array(z.string()),
  facts: z.record(z.string(), z.unknown()),
})

const config: z.ZodType<shapes.ConfigShape> = z.strictObject({
  manifest: z.string().nullable(),
  settings: z.array(setting),
})

const validity: z.ZodType<shapes.ValidityShape> = z.strictObject({
  valid: z.boolean(),
  models: z.array(z.string()),
  problems: z.array(problem),
  warnings: z.array(problem),
})

const changeShape = z.strictObject({ key: z.string(), before: z.unknown(), after: z.unknown() })
const change: z.ZodType<shapes.KeyChangeShape> = changeShape
const settingPlan: z.ZodType<shapes.SettingPlanShape> = changeShape.extend({ restart: z.boolean() })

const bytes = z.int().min(0)
const foresightShape = z.strictObject({
  weights: z.enum(['present', 'absent', 'failed']).nullable(),
  weights_problem: z.string().nullable(),
  need: z
    .strictObject({ per_gpu: z.union([bytes, z.literal('all')]).nullable(), host: bytes, origin: z.string() })
    .nullable(),
  fits: z.boolean().nullable(),
  lacks: z.strictObject({ device: z.string(), needed: bytes, largest: bytes }).nullable(),
})
const foresight: z.ZodType<shapes.ForesightShape> = foresightShape

const modelPlan: z.ZodType<shapes.ModelPlanShape> = foresightShape.extend({
  model: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  relaunch: z.boolean(),
  keys: z.array(change),
})

const manifestPlan: z.ZodType<shapes.ManifestPlanShape> = z.strictObject({
  manifest: z.string().nullable(),
  models: z.array(modelPlan),
  settings: z.array(settingPlan),
  leaving: z.array(z.string()),
  warnings: z.array(problem),
})

const reload: z.ZodType<shapes.ReloadShape> = z.strictObject({
  changed: z.boolean(),
  added: z.array(z.string()),
  removed: z.array(z.string()),
  relaunched: z.array(z.string()),
  restart: z.array(z.string()),
})

export const CONFIG_SCHEMAS: Readonly<Record<string, z.ZodType>> = Object.freeze({
  SettingShape: setting,
  ConfigShape: config,
  ProblemShape: problem,
  ValidityShape: validity,
  ForesightShape: foresight,
  KeyChangeShape: change,
  ModelPlanShape: modelPlan,
  SettingPlanShape: settingPlan,
  ManifestPlanShape: manifestPlan,
  ReloadShape: reload,
})
