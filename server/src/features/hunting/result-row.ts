/** One row of a result as the wire shows it. */
import type { Translation } from '@merlon/kql';

type Column = Translation['columns'][number];

/** Values arrive in the order of the columns. Dynamic values arrive as JSON text and leave as JSON. */
export function resultRow(columns: readonly Column[], row: readonly unknown[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  for (const [i, column] of columns.entries()) {
    const value = row[i] ?? null;
    result[column.name] =
      column.type === 'dynamic' && typeof value === 'string' ? dynamicValue(value) : value;
  }
  return result;
}

function dynamicValue(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    // Text that a function made and that is no JSON is a string.
    return text;
  }
}
