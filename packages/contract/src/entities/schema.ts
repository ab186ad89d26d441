/**
 * The few words entity schemas are written in. A nullable property is `type: [T, "null"]` and not `anyOf`: JSON serialisers compile the
 * first into a test, and run a validator per value for the second.
 */
import { type Static, type TProperties, type TSchema, Type } from 'typebox';

const TIME_FORM = 'ISO 8601, UTC, Z, up to seven fraction digits.';

export const text = (description: string) => Type.String({ description });
export const integer = (description: string) => Type.Integer({ description });
export const flag = (description: string) => Type.Boolean({ description });
export const time = (description: string) =>
  Type.String({ format: 'date-time', description: `${description} ${TIME_FORM}` });

export const choice = <const T extends readonly string[]>(values: T, description: string) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], description });

export const listOf = <T extends TSchema>(items: T, description: string) =>
  Type.Array(items, { description });

/** The same schema, or null. Serves schemas with a single `type`. */
export function nullable<T extends TSchema>(schema: T) {
  const { type, enum: values } = schema as { type?: unknown; enum?: unknown[] };
  if (typeof type !== 'string') throw new Error('nullable() takes a schema with one type.');
  return Type.Unsafe<Static<T> | null>({
    ...schema,
    type: [type, 'null'],
    ...(values ? { enum: [...values, null] } : {}),
  });
}

/** An object that holds the given properties and no others. */
export const record = <P extends TProperties>(properties: P, description: string) =>
  Type.Object(properties, { additionalProperties: false, description });
