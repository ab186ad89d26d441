import type { Relation } from '../tree/relation.ts';

/**
 * SQL text as a tree. Words of SQL come only from template literals in this source code; everything that a query brings is a
 * parameter, a checked number, a column number or a sub-query. No function turns a string into SQL words, so user text cannot become any.
 */
export type Fragment =
  | {
      readonly kind: 'template';
      readonly words: readonly string[];
      readonly parts: readonly Fragment[];
      readonly weight: number;
    }
  | { readonly kind: 'number'; readonly text: string; readonly weight: 1 }
  | { readonly kind: 'identifier'; readonly name: string; readonly weight: 1 }
  | { readonly kind: 'dictionary'; readonly name: DictionaryName; readonly weight: 1 }
  | {
      readonly kind: 'parameter';
      readonly type: ParameterType;
      readonly value: ParameterValue;
      readonly name?: string;
      readonly weight: 1;
    }
  | { readonly kind: 'column'; readonly id: number; readonly weight: 1 }
  | {
      readonly kind: 'query';
      readonly relation: Relation;
      readonly columns: readonly number[];
      readonly weight: 1;
    };

/** Dictionaries of the event store, which every query may look things up in. */
export type DictionaryName = 'GeoNetworks' | 'GeoLocations';

export type ParameterType = 'String' | 'Array(String)' | 'UUID';
export type ParameterValue = string | readonly string[];

/** Tag for SQL text: sql`lower(${x})`. */
export function sql(words: TemplateStringsArray, ...parts: Fragment[]): Fragment {
  let weight = 1;
  for (const part of parts) weight += part.weight;
  return Object.freeze({ kind: 'template', words, parts: Object.freeze(parts), weight });
}

const comma: Fragment = sql`, `;

/** The fragments one after the other, `separator` (comma by default) between them. */
export function join(fragments: readonly Fragment[], separator: Fragment = comma): Fragment {
  const parts = fragments.flatMap((fragment, index) => (index === 0 ? [fragment] : [separator, fragment]));
  const weight = parts.reduce((sum, part) => sum + part.weight, 1);
  return Object.freeze({
    kind: 'template',
    words: Array.from({ length: parts.length + 1 }, () => ''),
    parts: Object.freeze(parts),
    weight,
  });
}

/** A column of the relation beneath, by its number. Numbers are unique in a statement, so that no name can shadow another. */
export function columnRef(id: number): Fragment {
  return Object.freeze({ kind: 'column', id, weight: 1 });
}

/** A whole number of any width, bare: wrap it in a cast where the SQL type matters. */
export function integer(value: bigint | number): Fragment {
  return Object.freeze({ kind: 'number', text: BigInt(value).toString(), weight: 1 });
}

/** A Float64. */
export function float(value: number): Fragment {
  if (Number.isNaN(value)) return sql`nan`;
  if (!Number.isFinite(value)) return value > 0 ? sql`inf` : sql`(-inf)`;
  return sql`toFloat64(${Object.freeze({ kind: 'number', text: String(value), weight: 1 })})`;
}

/** A text literal, sent beside the statement. */
export function text(value: string): Fragment {
  return Object.freeze({ kind: 'parameter', type: 'String', value, weight: 1 });
}

/** A list of texts, sent beside the statement. */
export function texts(values: readonly string[]): Fragment {
  return Object.freeze({
    kind: 'parameter',
    type: 'Array(String)',
    value: Object.freeze([...values]),
    weight: 1,
  });
}

/** A parameter of the translator's own, under its own name. */
export function named(name: 'tenant' | 'groups', type: ParameterType, value: ParameterValue): Fragment {
  return Object.freeze({ kind: 'parameter', type, value, name, weight: 1 });
}

/** A database, table or column of the schema. */
export function identifier(name: string): Fragment {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw new TypeError(`not a schema name: ${JSON.stringify(name)}`);
  return Object.freeze({ kind: 'identifier', name, weight: 1 });
}

/** The name of a dictionary, as a text with its database. */
export function dictionary(name: DictionaryName): Fragment {
  return Object.freeze({ kind: 'dictionary', name, weight: 1 });
}

/** A sub-query in an expression: `(SELECT …)` of these columns. */
export function subquery(relation: Relation, columns: readonly number[]): Fragment {
  return Object.freeze({ kind: 'query', relation, columns, weight: 1 });
}

/** Calls `visit` for each column number in the fragment, not looking into sub-queries. */
export function visitColumns(fragment: Fragment, visit: (id: number) => void): void {
  if (fragment.kind === 'column') visit(fragment.id);
  else if (fragment.kind === 'template') for (const part of fragment.parts) visitColumns(part, visit);
}
