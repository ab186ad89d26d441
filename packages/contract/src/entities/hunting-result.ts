import { type Static, Type } from 'typebox';
import type { KustoType } from '../hunting.ts';
import { choice, integer, listOf, nullable, record, text } from './schema.ts';

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

const schemaOf = listOf(HuntingResultColumn, 'Columns, in order.');
const resultsOf = listOf(
  Type.Record(Type.String(), Type.Unknown()),
  'Rows: an object each, keyed by column name.',
);

/** Answer of `POST /api/advancedqueries/run` and `GET /api/advancedqueries?key=`. */
export const HuntingResult = record({ Schema: schemaOf, Results: resultsOf }, 'Answer to a hunting query.');
export type HuntingResult = Static<typeof HuntingResult>;

/** Answer of `POST /api/advancedqueries/schema`. */
export const HuntingSchema = record({ Schema: schemaOf }, 'The columns that a hunting query would have.');

const cacheOf = (kind: string) =>
  record(
    { hits: integer('Found.'), misses: integer('Not found.'), total: integer('Looked for.') },
    `Use of the cache ${kind}.`,
  );

/** What a query took. The engine tells memory and time of a query; caches of results it has none, and processor time it does not tell. */
export const HuntingStats = record(
  {
    ExecutionTime: Type.Number({ description: 'Seconds in the engine.' }),
    resource_usage: record(
      {
        cache: record({ memory: cacheOf('in memory'), disk: cacheOf('on disk') }, 'Use of caches.'),
        memory: record({ peak_per_node: integer('Bytes at the peak.') }, 'Use of memory.'),
      },
      'What the query took.',
    ),
    dataset_statistics: listOf(
      record(
        { table_row_count: integer('Rows.'), table_size: integer('Bytes, as JSON.') },
        'Size of one table of the result.',
      ),
      'Sizes of the tables of the result: one.',
    ),
  },
  'What a hunting query took.',
);
export type HuntingStats = Static<typeof HuntingStats>;

/** Answer of `POST /api/advancedhunting/run`. */
export const HuntingResultWithStats = record(
  { Stats: HuntingStats, Schema: schemaOf, Results: resultsOf },
  'Answer to a hunting query, with what it took.',
);

/** Answer of Graph's `POST /v1.0/security/runHuntingQuery`. */
export const GraphHuntingResult = record(
  {
    '@odata.context': text('Address of the description of this type.'),
    schema: listOf(
      record(
        {
          name: text('Name of the column.'),
          type: choice(Object.values(huntingResultTypes), 'Type of its values, by its .NET name.'),
        },
        'A column of a result.',
      ),
      'Columns, in order.',
    ),
    results: listOf(
      Type.Record(Type.String(), Type.Unknown()),
      'Rows: an object each, keyed by column name; `<name>@odata.type` beside values whose type JSON does not show.',
    ),
  },
  'Answer to a hunting query, by Graph.',
);

const queryText = (description: string) => Type.String({ minLength: 1, description });

/** `POST /api/advancedqueries/run`, `…/schema` and `POST /api/advancedhunting/run`. */
export const HuntingRequest = Type.Object(
  { Query: queryText('The query, in KQL.') },
  { additionalProperties: false },
);
export type HuntingRequest = Static<typeof HuntingRequest>;

const TIMESPAN =
  'Time to look at, in ISO 8601: a duration until now, a start until now, or start/end, start/duration, duration/end.';

/** Graph takes the names of an action's parameters in any case: its documentation writes capitals, its libraries do not. */
export const GraphHuntingRequest = Type.Object(
  {
    Query: Type.Optional(queryText('The query, in KQL.')),
    query: Type.Optional(queryText('The same, as the libraries write it.')),
    Timespan: Type.Optional(nullable(text(TIMESPAN))),
    timespan: Type.Optional(nullable(text(TIMESPAN))),
  },
  { additionalProperties: false },
);
