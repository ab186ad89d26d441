import { ExternalError } from './external-error.ts';

/** How fields are told apart in a line. RFC 4180 quoting in all of them but `tsve`, which escapes by backslash. */
export const delimiters = {
  csv: ',',
  tsv: '\t',
  scsv: ';',
  sohsv: '\u0001',
  psv: '|',
} as const;

export type DelimitedFormat = keyof typeof delimiters;

export type ExternalFormat =
  | DelimitedFormat
  | 'tsve'
  | 'txt'
  | 'raw'
  | 'json'
  | 'multijson'
  | 'singlejson'
  | 'w3clogfile';

/** Every format that is text. */
export const textFormats: ReadonlySet<string> = new Set<string>([
  ...Object.keys(delimiters),
  'tsve',
  'txt',
  'raw',
  'json',
  'multijson',
  'singlejson',
  'w3clogfile',
]);
const binaryFormats = new Set(['avro', 'apacheavro', 'orc', 'parquet', 'sstream', 'azmonstream']);

/** The format by its name. */
export function formatNamed(name: string): ExternalFormat {
  const lowered = name.toLowerCase();
  if (textFormats.has(lowered)) return lowered as ExternalFormat;
  throw new ExternalError(
    binaryFormats.has(lowered) ? `format=${name}, which is not text` : `format='${name}'`,
  );
}

/** The format that the address's file name ends in, before `.gz` or `.zip`; csv where it says nothing. */
export function formatOfAddress(url: string): ExternalFormat {
  const path = url.split(/[?#;]/)[0] ?? '';
  const extension = /\.([a-z0-9]+)(?:\.(?:gz|zip))?$/i.exec(path)?.[1]?.toLowerCase() ?? '';
  if (binaryFormats.has(extension)) return formatNamed(extension);
  return textFormats.has(extension) ? (extension as ExternalFormat) : 'csv';
}
