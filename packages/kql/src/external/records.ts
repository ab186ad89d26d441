import { unpacked } from './decompress.ts';
import { delimitedRecords, escapedRecords, lines } from './delimited.ts';
import { ExternalError } from './external-error.ts';
import { delimiters, type ExternalFormat } from './format.ts';
import { jsonLines, jsonValues, jsonWhole } from './json-records.ts';

/** Records of all files behind an address. */
export type ExternalRecords =
  | {
      readonly kind: 'fields';
      readonly records: readonly (readonly string[])[];
      /** Names of the fields, where the files say them. */
      readonly names?: readonly string[];
    }
  | { readonly kind: 'json'; readonly records: readonly string[] };

/** Records that no file gives: `ignoreFirstRecord`, and `ignoreLastRecord` for a trailer. */
export interface IgnoredRecords {
  readonly first: boolean;
  readonly last: boolean;
}

/** Records that one query may read from all its addresses. */
export const maxRecords = 500_000;

/** @throws ExternalError for bytes that are not what the format says */
export function externalRecords(
  bytes: Uint8Array,
  format: ExternalFormat,
  ignored: IgnoredRecords,
): ExternalRecords {
  const files = unpacked(bytes).map((file) => recordsOf(textOf(file), format));
  const [first] = files;
  if (first === undefined) return { kind: 'fields', records: [] };
  const kept = <T>(records: readonly T[]) =>
    records.slice(ignored.first ? 1 : 0, ignored.last ? -1 : undefined);
  const count = files.reduce((sum, file) => sum + file.records.length, 0);
  if (count > maxRecords) throw new ExternalError(`more than ${maxRecords} records`);
  if (first.kind === 'json')
    return {
      kind: 'json',
      records: files.flatMap((file) => (file.kind === 'json' ? kept(file.records) : [])),
    };
  return {
    ...first,
    records: files.flatMap((file) => (file.kind === 'fields' ? kept(file.records) : [])),
  };
}

/** UTF-8, or what a mark at the beginning says. */
function textOf(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  return new TextDecoder('utf-8').decode(bytes);
}

function recordsOf(text: string, format: ExternalFormat): ExternalRecords {
  switch (format) {
    case 'csv':
    case 'tsv':
    case 'scsv':
    case 'sohsv':
    case 'psv':
      return { kind: 'fields', records: delimitedRecords(text, delimiters[format]) };
    case 'tsve':
      return { kind: 'fields', records: escapedRecords(text) };
    case 'txt':
      return { kind: 'fields', records: lines(text).map((line) => [line]) };
    case 'raw':
      return { kind: 'fields', records: [[text]] };
    case 'json':
      return { kind: 'json', records: jsonLines(text) };
    case 'multijson':
      return { kind: 'json', records: jsonValues(text) };
    case 'singlejson':
      return { kind: 'json', records: jsonWhole(text) };
    case 'w3clogfile':
      return logRecords(text);
  }
}

/** W3C extended log: `#Fields:` names what the lines after it hold; `-` is a field without a value. */
function logRecords(text: string): ExternalRecords {
  let names: string[] = [];
  const records: string[][] = [];
  for (const line of lines(text)) {
    if (line.startsWith('#')) {
      if (line.startsWith('#Fields:')) names = line.slice('#Fields:'.length).trim().split(/\s+/);
      continue;
    }
    const fields = delimitedRecords(line, ' ')[0] ?? [];
    records.push(fields.map((field) => (field === '-' ? '' : field)));
  }
  return { kind: 'fields', records, names };
}
