import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { describe, expect, it } from 'vitest';
import {
  Alert,
  AlertComment,
  AlertEvidence,
  AlertLoggedOnUser,
  AlertRelatedUser,
  AlertUpdate,
  alertClassificationAliases,
  alertClassifications,
  alertDeterminationAliases,
  alertDeterminations,
  alertDeterminationsOf,
  CancelRequest,
  CommentRequest,
  collectionAnswer,
  entityAnswer,
  GraphHuntingRequest,
  GraphHuntingResult,
  HuntingRequest,
  HuntingResult,
  HuntingResultWithStats,
  HuntingSchema,
  HuntingStats,
  IsolateRequest,
  LiveResponseCommand,
  Machine,
  MachineAction,
} from '../index.ts';

interface Schema {
  type?: string | string[];
  format?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean;
  items?: Schema;
  enum?: (string | null)[];
}

/** The least value a schema takes: null where it may be, else the first choice or an empty one. */
function least(schema: Schema): unknown {
  const type = Array.isArray(schema.type) ? schema.type : [schema.type];
  if (type.includes('null')) return null;
  if (schema.enum) return schema.enum[0];
  switch (schema.type) {
    case 'string':
      return schema.format === 'date-time' ? '2026-11-24T00:00:00Z' : 'x';
    case 'integer':
    case 'number':
      return 1;
    case 'boolean':
      return true;
    case 'array':
      return [];
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).map((key) => [key, least(schema.properties?.[key] ?? {})]),
      );
    default:
      throw new Error(`no value for ${JSON.stringify(schema)}`);
  }
}

const records: Readonly<Record<string, TSchema>> = {
  Alert,
  AlertComment,
  AlertEvidence,
  AlertLoggedOnUser,
  AlertRelatedUser,
  Machine,
  MachineAction,
  LiveResponseCommand,
  HuntingResult,
  HuntingSchema,
  HuntingStats,
  HuntingResultWithStats,
  GraphHuntingResult,
};

describe.each(Object.entries(records))('%s', (_, schema) => {
  const shape = schema as Schema;
  const check = Compile(schema);

  it('describes every property and takes no other', () => {
    for (const [name, property] of Object.entries(shape.properties ?? {})) {
      expect(property.description, name).toMatch(/\S/);
    }
    expect(shape.additionalProperties).toBe(false);
    expect(check.Check(least(shape))).toBe(true);
    expect(check.Check({ ...(least(shape) as object), other: 1 })).toBe(false);
  });

  it('needs every property it requires, and checks the type of each', () => {
    const value = least(shape) as Record<string, unknown>;
    for (const name of shape.required ?? []) {
      const { [name]: _left, ...rest } = value;
      expect(check.Check(rest), name).toBe(false);
      const other = shape.properties?.[name]?.type === 'number' ? 'x' : 1.5;
      expect(check.Check({ ...value, [name]: other }), name).toBe(false);
    }
  });
});

describe('a choice that may be null', () => {
  const check = Compile(Alert);
  const alert = least(Alert as Schema) as Record<string, unknown>;
  it.each([
    ['TruePositive', true],
    [null, true],
    ['Unknown', false],
    [5, false],
  ])('takes %s: %s', (classification, taken) => {
    expect(check.Check({ ...alert, classification })).toBe(taken);
  });
});

describe('envelopes', () => {
  it('put the context above the entity', () => {
    const check = Compile(entityAnswer(AlertComment));
    const comment = { comment: 'a', createdBy: 'b', createdTime: '2026-11-24T00:00:00Z' };
    expect(check.Check({ '@odata.context': 'x', ...comment })).toBe(true);
    expect(check.Check(comment)).toBe(false);
  });

  it('hold a page, with count and next link only where there are any', () => {
    const check = Compile(collectionAnswer(AlertComment));
    expect(check.Check({ '@odata.context': 'x', value: [] })).toBe(true);
    expect(check.Check({ '@odata.context': 'x', '@odata.count': 3, value: [], '@odata.nextLink': 'y' })).toBe(
      true,
    );
    expect(check.Check({ '@odata.context': 'x', value: [{}] })).toBe(false);
  });
});

describe('request bodies', () => {
  it.each<[string, TSchema, unknown, boolean]>([
    ['a comment alone', AlertUpdate, { comment: 'seen' }, true],
    ['no change at all', AlertUpdate, {}, false],
    ['a name in capitals', AlertUpdate, { Status: 'New' }, false],
    ['a status only the server sets', AlertUpdate, { status: 'Unknown' }, false],
    ['a determination by its other name', AlertUpdate, { determination: 'NotMalicious' }, true],
    ['a determination that was withdrawn', AlertUpdate, { determination: 'Apt' }, false],
    ['isolation, kind left out', IsolateRequest, { Comment: 'a' }, true],
    ['isolation, of a kind', IsolateRequest, { Comment: 'a', IsolationType: 'Selective' }, true],
    ['isolation, of no kind there is', IsolateRequest, { Comment: 'a', IsolationType: 'full' }, false],
    ['isolation without a comment', IsolateRequest, { IsolationType: 'Full' }, false],
    ['isolation with an empty comment', IsolateRequest, { Comment: '' }, false],
    ['release', CommentRequest, { Comment: 'a' }, true],
    ['release of a kind', CommentRequest, { Comment: 'a', IsolationType: 'Full' }, false],
    ['cancellation without a word', CancelRequest, {}, true],
    ['a query', HuntingRequest, { Query: 'DeviceInfo' }, true],
    [
      'a query to Graph, as a library writes it',
      GraphHuntingRequest,
      { query: 'DeviceInfo', timespan: null },
      true,
    ],
    [
      'a query to Graph, as its pages write it',
      GraphHuntingRequest,
      { Query: 'DeviceInfo', Timespan: 'P1D' },
      true,
    ],
    [
      'a query to Graph with an unknown word',
      GraphHuntingRequest,
      { Query: 'DeviceInfo', Window: 'P1D' },
      false,
    ],
    ['a query under a lower-case name', HuntingRequest, { query: 'DeviceInfo' }, false],
  ])('%s', (_, schema, body, taken) => {
    expect(Compile(schema).Check(body)).toBe(taken);
  });
});

describe('determinations', () => {
  it('each explain a classification', () => {
    expect(Object.keys(alertDeterminationsOf)).toEqual([...alertClassifications]);
    expect(new Set(Object.values(alertDeterminationsOf).flat())).toEqual(new Set(alertDeterminations));
  });

  it('have other spellings that clients may send', () => {
    const { determination, classification } = (AlertUpdate as TSchema as Schema).properties ?? {};
    expect(determination?.enum).toEqual([...alertDeterminations, ...Object.keys(alertDeterminationAliases)]);
    expect(classification?.enum).toEqual([
      ...alertClassifications,
      ...Object.keys(alertClassificationAliases),
    ]);
  });
});
