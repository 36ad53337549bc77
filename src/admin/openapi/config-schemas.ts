import * as z from 'zod'

import type { KeyChange, ModelPlan, Origin, ProblemShape, Setting, SettingPlan } from '../../manifest/index.ts'
import type * as shapes from '../shapes.ts'

/* The shapes of the manifest in force and of one that may take its place, for the OpenAPI document. */

type Plain = KeyChange['before']
const plain = z.json() as z.ZodType<Plain>

const origin: z.ZodType<Origin> = z.union([
  z.strictObject({ from: z.enum(['flag', 'environment']), name: z.string() }),
  z.strictObject({ from: z.literal('manifest'), file: z.string(), line: z.int() }),
  z.strictObject({ from: z.literal('default') }),
])

const place = { key: z.string(), path: z.array(z.string()), origin }
const setting: z.ZodType<Setting> = z.union([
  z.strictObject({ ...place, value: plain }),
  z.strictObject({ ...place, words: z.string() }),
])

const problemShape = z.strictObject({
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
const problem = problemShape as z.ZodType<ProblemShape>

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

const change = { key: z.string(), before: plain, after: plain }
const settingPlan: z.ZodType<SettingPlan> = z.strictObject({ ...change, restart: z.boolean() })

const bytes = z.int().min(0)
const foresightShape = z.strictObject({
  weights: z.enum(['present', 'absent', 'failed']).nullable(),
  weights_problem: z.string().nullable(),
  need: z
    .strictObject({
      per_gpu: z.union([bytes, z.literal('all')]).nullable(),
      host: bytes,
      origin: z.string(),
    })
    .nullable(),
  fits: z.boolean().nullable(),
  lacks: z.strictObject({ device: z.string(), needed: bytes, largest: bytes }).nullable(),
})
const foresight: z.ZodType<shapes.ForesightShape> = foresightShape

const modelPlan: z.ZodType<ModelPlan & shapes.ForesightShape> = foresightShape.extend({
  model: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  relaunch: z.boolean(),
  keys: z.array(z.strictObject(change)),
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
  ConfigShape: config,
  ValidityShape: validity,
  ForesightShape: foresight,
  ManifestPlanShape: manifestPlan,
  ReloadShape: reload,
})
