/** Bytes of a request body to a value, by what the route accepts. */
import { ApiError } from '@merlon/contract';
import type { Route } from './route.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function decodeBody(
  accepts: NonNullable<Route['accepts']>,
  bytes: Buffer,
  contentType: string | undefined,
): unknown {
  switch (accepts) {
    case 'none':
    case 'raw':
      return undefined;
    case 'form':
      if (bytes.length > 0) requireType(contentType, ['application/x-www-form-urlencoded']);
      return form(text(bytes, 'form'));
    case 'json': {
      if (bytes.length === 0) return undefined;
      requireType(contentType, ['application/json', 'text/json']);
      try {
        return JSON.parse(text(bytes, 'JSON'));
      } catch (error) {
        if (error instanceof ApiError) throw error;
        throw new ApiError('InvalidRequestBody', 'The request body is not valid JSON.', { cause: error });
      }
    }
  }
}

/** A body without any Content-Type is taken at its word: some clients set none. */
function requireType(contentType: string | undefined, allowed: readonly string[]): void {
  if (contentType === undefined || contentType.trim() === '') return;
  const [type = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const suffixJson =
    allowed.includes('application/json') && type.startsWith('application/') && type.endsWith('+json');
  if (!allowed.includes(type) && !suffixJson) {
    throw new ApiError('UnsupportedMediaType', `The Content-Type must be ${allowed[0]}, not ${type}.`);
  }
  const charset = parameters
    .find((parameter) => parameter.startsWith('charset='))
    ?.slice(8)
    .replaceAll('"', '');
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8') {
    throw new ApiError('UnsupportedMediaType', `The charset must be utf-8, not ${charset}.`);
  }
}

function text(bytes: Buffer, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new ApiError('InvalidRequestBody', `The request body is not valid UTF-8 ${what}.`, { cause });
  }
}

/** Repeated names become arrays, as in a query. */
function form(content: string): Record<string, string | string[]> {
  const fields = new Map<string, string | string[]>();
  for (const [name, value] of new URLSearchParams(content)) {
    const before = fields.get(name);
    fields.set(name, before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value]);
  }
  return Object.fromEntries(fields);
}
