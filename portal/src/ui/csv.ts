/**
 * Rows as CSV (RFC 4180) for spreadsheets. Text that a spreadsheet would run as a formula gets an apostrophe in front: what is exported
 * here was written by the processes one hunts. Programs take the API, which leaves values alone. Pure but for {@link saveCsv}.
 */
import { textOf } from '../timeline/describe-event.ts';

export function csvText(names: readonly string[], rows: readonly (readonly unknown[])[]): string {
  return [names, ...rows].map((line) => `${line.map(cell).join(',')}\r\n`).join('');
}

function cell(value: unknown): string {
  const text = textOf(value);
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Hands the text to the browser as a file `merlon-<what>-<time>.csv`. */
export function saveCsv(what: string, text: string): void {
  // Spreadsheets take a file for UTF-8 only when it says so itself.
  const url = URL.createObjectURL(new Blob(['\uFEFF', text], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `merlon-${what}-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.csv`;
  link.click();
  URL.revokeObjectURL(url);
}
