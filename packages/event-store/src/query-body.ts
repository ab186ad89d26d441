/**
 * A statement and its parameters as the body of a request. The driver puts parameters into the address, which servers and proxies cut at a
 * few kilobytes, and a list of hashes is longer than that; a multipart body has no such bound.
 */
import { randomBytes } from 'node:crypto';

export interface QueryBody {
  readonly contentType: string;
  readonly body: Buffer;
}

export function queryBody(sql: string, parameters: Readonly<Record<string, unknown>>): QueryBody {
  const boundary = `merlon-${randomBytes(16).toString('hex')}`;
  const part = (name: string, value: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const parts = [
    part('query', sql),
    ...Object.entries(parameters).map(([name, value]) =>
      part(`param_${parameterName(name)}`, parameterText(value)),
    ),
  ];
  return {
    contentType: `multipart/form-data; boundary=${boundary}`,
    body: Buffer.from(`${parts.join('')}--${boundary}--\r\n`),
  };
}

function parameterName(name: string): string {
  if (!/^\w+$/.test(name)) throw new TypeError(`a parameter may not be named ${JSON.stringify(name)}`);
  return name;
}

/**
 * As ClickHouse reads a parameter: escaped as in tab-separated text, and inside arrays and tuples as literals in SQL.
 * @throws TypeError for a value that has no such form.
 */
export function parameterText(value: unknown): string {
  return typeof value === 'string' ? escaped(value) : value === null ? '\\N' : literal(value);
}

function literal(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `'${escaped(value)}'`;
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'number':
      return Number.isNaN(value) ? 'nan' : String(value).replace('Infinity', 'inf');
    default:
      if (value === null) return 'NULL';
      if (Array.isArray(value)) return `[${value.map(literal).join(',')}]`;
      throw new TypeError(`a parameter may not be ${typeof value}`);
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\0': '\\0',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function escaped(text: string): string {
  return text.replaceAll(/[\\'\0\b\f\n\r\t]/g, (character) => ESCAPES[character] ?? character);
}
