import type { TSchema } from 'typebox';

interface Shape {
  readonly format?: string;
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly items?: TSchema;
  readonly anyOf?: readonly TSchema[];
}

/** The value with each id (`format: uuid`) in lower case, as stores and tokens have it: a caller is not somebody else for having written it otherwise. */
export function canonicalIds(schema: TSchema, value: unknown): unknown {
  const { format, properties, items, anyOf } = schema as Shape;
  if (typeof value === 'string')
    return format === 'uuid' || anyOf?.some((one) => (one as Shape).format === 'uuid')
      ? value.toLowerCase()
      : value;
  if (Array.isArray(value)) return items ? value.map((one) => canonicalIds(items, one)) : value;
  if (typeof value !== 'object' || value === null || !properties) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const own = Object.hasOwn(properties, name) ? properties[name] : undefined;
      return [name, own ? canonicalIds(own, member) : member];
    }),
  );
}
