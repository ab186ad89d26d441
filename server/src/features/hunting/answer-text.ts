/** Answers as JSON text, piece by piece, in the shape of the address that was asked. Pure. */
import { type HuntingStats, huntingResultTypes } from '@merlon/contract';
import type { Translation } from '@merlon/kql';

type Column = Translation['columns'][number];

export interface AnswerFigures {
  readonly seconds: number;
  readonly peakMemoryBytes: number;
  readonly rows: number;
  /** Of the rows as JSON. */
  readonly bytes: number;
}

export interface AnswerShape {
  /** Everything before the first row. */
  head(columns: readonly Column[]): string;
  /** Makes the text of a row out of its values, by position. Rows are parted by commas. */
  row(columns: readonly Column[]): (values: readonly unknown[]) => string;
  /** Everything after the last row. */
  tail(figures: AnswerFigures): string;
}

const schema = (columns: readonly Column[]) =>
  JSON.stringify(columns.map(({ name, type }) => ({ Name: name, Type: huntingResultTypes[type] })));

/** `/api/advancedqueries`. */
export const plainAnswer: AnswerShape = {
  head: (columns) => `{"Schema":${schema(columns)},"Results":[`,
  row: (columns) =>
    rowText(columns.map(({ name, type }) => ({ key: keyText(name), value: valueText[type] }))),
  tail: () => ']}',
};

/** `/api/advancedhunting`. */
export const answerWithStats: AnswerShape = {
  ...plainAnswer,
  tail: (figures) => `],"Stats":${JSON.stringify(stats(figures))}}`,
};

/** Graph: booleans are numbers, and what JSON does not show of a type stands beside the value. */
export function graphAnswer(origin: string): AnswerShape {
  const context = `${origin}/v1.0/$metadata#microsoft.graph.security.huntingQueryResults`;
  return {
    head(columns) {
      const described = columns.map(({ name, type }) => ({ name, type: huntingResultTypes[type] }));
      return `{"@odata.context":${JSON.stringify(context)},"schema":${JSON.stringify(described)},"results":[`;
    },
    row: (columns) =>
      rowText(
        columns.map(({ name, type }) => {
          const beside = type === 'bool' || type === 'long' ? huntingResultTypes[type] : null;
          const note = beside === null ? '' : `${keyText(`${name}@odata.type`)}"#${beside}",`;
          const plain = valueText[type];
          return {
            key: note + keyText(name),
            value: type === 'bool' ? (value) => (value === null ? 'null' : value ? '1' : '0') : plain,
          };
        }),
      ),
    tail: () => ']}',
  };
}

interface Cell {
  readonly key: string;
  readonly value: (value: unknown) => string;
}

function rowText(cells: readonly Cell[]): (values: readonly unknown[]) => string {
  return (values) => {
    let text = '{';
    for (const [i, { key, value }] of cells.entries()) {
      if (i > 0) text += ',';
      text += key + value(values[i] ?? null);
    }
    return `${text}}`;
  };
}

const keyText = (name: string) => `${JSON.stringify(name)}:`;
const asIs = (value: unknown) => JSON.stringify(value);

/** The engine's words for what a number can be besides a number, and the service's. */
const UNUSUAL_REALS: Readonly<Record<string, string>> = {
  nan: '"NaN"',
  inf: '"Infinity"',
  '-inf': '"-Infinity"',
};

const valueText: Readonly<Record<Column['type'], (value: unknown) => string>> = {
  bool: asIs,
  datetime: asIs,
  decimal: asIs,
  dynamic: (value) => (typeof value === 'string' ? dynamicText(value) : JSON.stringify(value)),
  guid: asIs,
  int: asIs,
  long: asIs,
  real: (value) => (typeof value === 'string' ? (UNUSUAL_REALS[value] ?? asIs(value)) : asIs(value)),
  string: asIs,
  timespan: asIs,
};

/** It arrives as JSON text and leaves as it came: taken apart and put together again, its long numbers would lose their last digits. */
function dynamicText(text: string): string {
  if (text === '') return 'null';
  try {
    JSON.parse(text);
    return text;
  } catch {
    // Text that a function made and that is no JSON is a string.
    return JSON.stringify(text);
  }
}

const UNUSED_CACHE = { hits: 0, misses: 0, total: 0 };

function stats({ seconds, peakMemoryBytes, rows, bytes }: AnswerFigures): HuntingStats {
  return {
    ExecutionTime: seconds,
    resource_usage: {
      cache: { memory: UNUSED_CACHE, disk: UNUSED_CACHE },
      memory: { peak_per_node: peakMemoryBytes },
    },
    dataset_statistics: [{ table_row_count: rows, table_size: bytes }],
  };
}
