import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { AgentError } from '../agent-error.ts';

const compiled = new WeakMap<TSchema, ReturnType<typeof Compile>>();

/** The value, known to be of the schema. @throws AgentError naming the first place where it is not; `what` names the whole. */
export function check<T extends TSchema>(schema: T, value: unknown, what: string): Static<T> {
  const validator = compiled.get(schema) ?? Compile(schema);
  compiled.set(schema, validator);
  if (validator.Check(value)) return value as Static<T>;
  const [first] = validator.Errors(value);
  throw new AgentError(
    `${what} is malformed at ${first?.instancePath || '/'}: ${first?.message ?? 'wrong shape'}`,
  );
}
