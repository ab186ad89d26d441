/** Properties of an entity as OData has them, read off its schema. Pure. */
import type { ODataField, ODataSet } from '@merlon/odata';
import type { TSchema } from 'typebox';

interface Schema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

function fieldOf(name: string, { type, format, enum: values }: Schema): ODataField {
  const types = [type ?? []].flat();
  const scalar = { name, nullable: types.includes('null'), filterable: true, sortable: true } as const;
  if (values) return { ...scalar, type: 'enum', enumValues: values.filter((one) => typeof one === 'string') };
  switch (types.find((one) => one !== 'null')) {
    case 'string':
      return { ...scalar, type: format === 'date-time' ? 'datetime' : 'string' };
    case 'integer':
      return { ...scalar, type: 'int' };
    case 'number':
      return { ...scalar, type: 'number' };
    case 'boolean':
      return { ...scalar, type: 'bool' };
    default:
      // An object, a list or a choice: to be had, and nothing more.
      return { name, type: 'string', filterable: false, sortable: false };
  }
}

export function schemaFields(schema: TSchema): ODataField[] {
  return Object.entries((schema as Schema).properties ?? {}).map(([name, value]) => fieldOf(name, value));
}

/** With what the entity has besides: it may be selected, though nothing more is asked of it. */
export function withEveryProperty(set: ODataSet, schema: TSchema): ODataSet {
  const declared = new Set(set.fields.map(({ name }) => name));
  const rest = schemaFields(schema).filter(({ name }) => !declared.has(name));
  return {
    ...set,
    fields: [...set.fields, ...rest.map((field) => ({ ...field, filterable: false, sortable: false }))],
  };
}
