import type { TSchema } from '@parlance/protocol'
import { Compile } from 'typebox/compile'

const checks = new Map<TSchema, ReturnType<typeof Compile>>()

/** Whether a value is what its published schema says, unknown fields included. */
export function valid(schema: TSchema, value: unknown): boolean {
  const check = checks.get(schema) ?? Compile(schema)
  checks.set(schema, check)
  return check.Check(value)
}
