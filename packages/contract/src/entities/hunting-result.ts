import { type Static, Type } from 'typebox';
import type { KustoType } from '../hunting.ts';
import { choice, listOf, record, text } from './schema.ts';

/** Names under which result columns state their type: those of Kusto's first response format. */
export const huntingResultTypes = {
  bool: 'SByte',
  datetime: 'DateTime',
  decimal: 'SqlDecimal',
  dynamic: 'Object',
  guid: 'Guid',
  int: 'Int32',
  long: 'Int64',
  real: 'Double',
  string: 'String',
  timespan: 'TimeSpan',
} as const satisfies Record<KustoType, string>;

export const HuntingResultColumn = record(
  {
    Name: text('Name of the column.'),
    Type: choice(Object.values(huntingResultTypes), 'Type of its values, by its .NET name.'),
  },
  'A column of a result.',
);
export type HuntingResultColumn = Static<typeof HuntingResultColumn>;

export const HuntingResult = record(
  {
    Schema: listOf(HuntingResultColumn, 'Columns, in order.'),
    Results: listOf(
      Type.Record(Type.String(), Type.Unknown()),
      'Rows: an object each, keyed by column name.',
    ),
  },
  'Answer to a hunting query.',
);
export type HuntingResult = Static<typeof HuntingResult>;

/** `POST /api/advancedqueries/run`. */
export const HuntingRequest = Type.Object(
  { Query: Type.String({ minLength: 1, description: 'The query, in KQL.' }) },
  { additionalProperties: false },
);
export type HuntingRequest = Static<typeof HuntingRequest>;
