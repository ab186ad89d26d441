/**
 * A result as CSV (RFC 4180) for spreadsheets. Text that a spreadsheet would run as a formula gets an apostrophe in front: what is exported
 * here was written by the processes one hunts. Programs take the API, which leaves values alone. Pure.
 */
import type { HuntingResult } from '@merlon/contract';
import { textOf } from '../timeline/describe-event.ts';

export function csvOf({ Schema, Results }: HuntingResult): string {
  const names = Schema.map(({ Name }) => Name);
  const lines = [names, ...Results.map((row) => names.map((name) => row[name]))];
  return lines.map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}

function cell(value: unknown): string {
  const text = textOf(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
