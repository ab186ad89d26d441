/** The body of a collector's request to single records. Nothing of it is trusted: what can not be read is told apart record by record, and the rest goes on. */
import { isUtf8 } from 'node:buffer';
import { gunzipSync } from 'node:zlib';
import type { ApiErrorCode } from '@merlon/contract';
import { splitEvents } from '@merlon/telemetry';

export const COLLECT_LIMITS = {
  /** Bytes as sent. Over: 413. */
  bodyBytes: 16 * 1024 * 1024,
  fileBytes: 64 * 1024 * 1024,
  /** After decompression. Over: 413. */
  plainBytes: 64 * 1024 * 1024,
  /** In one request. Over: 413. */
  records: 50_000,
  /** In one file. Over: 413. */
  fileRecords: 200_000,
  /** A longer record is left out, and counted. */
  recordBytes: 1024 * 1024,
} as const;

export type BodyFormat = 'bulk' | 'events' | 'hec';

export interface BodyRecord {
  /** A value out of JSON, or the text of a line or element. */
  readonly value: { readonly json: unknown } | { readonly text: string } | { readonly problem: string };
  /** The record as it was sent. */
  readonly text: string;
  /** Of the bulk protocol: what to answer it under, and the id the client gave. */
  readonly action?: BulkAction;
  /** Of HEC: what stands beside the event. */
  readonly host?: string;
}

export interface BulkAction {
  readonly verb: string;
  readonly index: string | null;
  readonly id: string | null;
}

/** The whole request is refused. Data, since it crosses a thread. */
export interface BodyRefusal {
  readonly code: ApiErrorCode;
  readonly message: string;
}

export function plainBody(body: Uint8Array, encoding: 'gzip' | 'identity'): Buffer | BodyRefusal {
  if (encoding === 'identity') return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  try {
    return gunzipSync(body, { maxOutputLength: COLLECT_LIMITS.plainBytes });
  } catch (error) {
    return error instanceof RangeError
      ? tooLarge(`The body is larger than ${COLLECT_LIMITS.plainBytes} bytes after decompression.`)
      : { code: 'InvalidRequestBody', message: 'The body is not gzip data.' };
  }
}

/** One after another: a request of many megabytes is never in memory twice. */
export function bodyRecords(plain: Buffer, format: BodyFormat): Generator<BodyRecord> {
  return format === 'bulk' ? bulkRecords(plain) : freeRecords(plain, format);
}

export const TOO_MANY: BodyRefusal = {
  code: 'PayloadTooLarge',
  message: `The body holds more than ${COLLECT_LIMITS.records} events.`,
};

function tooLarge(message: string): BodyRefusal {
  return { code: 'PayloadTooLarge', message };
}

const NEWLINE = 0x0a;

/** Lines without their ends; blank ones are passed over. */
function* lines(plain: Buffer): Generator<Buffer> {
  for (let at = 0; at < plain.length; ) {
    const found = plain.indexOf(NEWLINE, at);
    const end = found < 0 ? plain.length : found;
    const last = end > at && plain[end - 1] === 0x0d ? end - 1 : end;
    if (last > at) yield plain.subarray(at, last);
    at = end + 1;
  }
}

function textOf(line: Buffer, allUtf8: boolean): string | { readonly problem: string } {
  if (line.length > COLLECT_LIMITS.recordBytes)
    return { problem: `longer than ${COLLECT_LIMITS.recordBytes} bytes` };
  if (!allUtf8 && !isUtf8(line)) return { problem: 'not UTF-8' };
  return line.toString('utf8');
}

function jsonRecord(text: string, action?: BulkAction): BodyRecord {
  const more = action === undefined ? {} : { action };
  try {
    return { value: { json: JSON.parse(text) as unknown }, text, ...more };
  } catch {
    return { value: { problem: 'not JSON' }, text, ...more };
  }
}

/** Action line, then the document it is for; `delete` has none. */
function* bulkRecords(plain: Buffer): Generator<BodyRecord> {
  const allUtf8 = isUtf8(plain);
  let action: BulkAction | null = null;
  let lastText = '';
  let lastAction: BulkAction | null = null;
  for (const line of lines(plain)) {
    const text = textOf(line, allUtf8);
    if (action === null) {
      // Most action lines are like the one before.
      action = text === lastText ? lastAction : typeof text === 'string' ? actionOf(text) : null;
      if (typeof text === 'string' && action?.id === null) [lastText, lastAction] = [text, action];
      if (action === null) {
        yield {
          value: { problem: 'not an action of the bulk protocol' },
          text: '',
          action: { verb: 'index', index: null, id: null },
        };
        continue;
      }
      if (action.verb !== 'delete') continue;
      yield { value: { problem: 'delete is not taken: events are only added' }, text: '', action };
    } else if (typeof text !== 'string') yield { value: text, text: '', action };
    else if (action.verb === 'update')
      yield { value: { problem: 'update is not taken: events are only added' }, text: '', action };
    else yield jsonRecord(text, action);
    action = null;
  }
  if (action !== null) yield { value: { problem: 'an action without its document' }, text: '', action };
}

function actionOf(text: string): BulkAction | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const [verb = ''] = Object.keys(value);
  if (!['create', 'index', 'update', 'delete'].includes(verb)) return null;
  const facts = (value as Record<string, unknown>)[verb];
  if (typeof facts !== 'object' || facts === null) return null;
  const { _index, _id } = facts as Record<string, unknown>;
  return {
    verb,
    index: typeof _index === 'string' ? _index : null,
    id: typeof _id === 'string' ? _id : null,
  };
}

/** JSON array, objects one a line or one behind another, Windows events as XML, or lines of an audit log: told by how it begins. */
function* freeRecords(plain: Buffer, format: 'events' | 'hec'): Generator<BodyRecord> {
  const decoded = utf16(plain);
  const text = decoded ?? plain;
  const first = firstByte(text);
  if (first === 0x3c || (first === 0xef && decoded === null)) {
    const xml = text.toString('utf8');
    if (xml.includes('<Event')) {
      for (const one of splitEvents(xml)) yield { value: { text: one }, text: one };
      return;
    }
  }
  if (first === 0x5b) {
    yield* arrayRecords(text);
    return;
  }
  const allUtf8 = isUtf8(text);
  for (const line of lines(text)) {
    const said = textOf(line, allUtf8);
    if (typeof said !== 'string') yield { value: said, text: '' };
    else if (!said.trimStart().startsWith('{')) yield { value: { text: said }, text: said };
    else for (const one of together(said)) yield format === 'hec' ? hecRecord(one) : jsonRecord(one);
  }
}

/** Exports made by PowerShell are UTF-16 with a mark in front. */
function utf16(plain: Buffer): Buffer | null {
  return plain[0] === 0xff && plain[1] === 0xfe ? Buffer.from(plain.subarray(2).toString('utf16le')) : null;
}

function firstByte(plain: Buffer): number | undefined {
  for (const byte of plain) if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
  return undefined;
}

function* arrayRecords(plain: Buffer): Generator<BodyRecord> {
  let value: unknown;
  try {
    if (isUtf8(plain)) value = JSON.parse(plain.toString('utf8'));
  } catch {
    value = undefined;
  }
  if (!Array.isArray(value)) {
    yield { value: { problem: 'not a JSON array' }, text: '' };
    return;
  }
  for (const json of value) yield { value: { json }, text: JSON.stringify(json) };
}

/** Objects that follow each other without a line between them, as HEC clients send them. */
function* together(line: string): Generator<string> {
  let depth = 0;
  let start = 0;
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const code = line.charCodeAt(i);
    if (quoted) {
      if (code === 0x5c) i++;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) quoted = true;
    else if (code === 0x7b || code === 0x5b) depth++;
    else if ((code === 0x7d || code === 0x5d) && --depth === 0) {
      yield line.slice(start, i + 1);
      start = i + 1;
    }
  }
  if (line.slice(start).trim() !== '') yield line.slice(start);
}

/** `{"time":…,"host":…,"event":…}`: the event is an object, JSON as text, or a line. */
function hecRecord(text: string): BodyRecord {
  const record = jsonRecord(text);
  if (!('json' in record.value)) return record;
  const { json } = record.value;
  if (typeof json !== 'object' || json === null || !('event' in json))
    return { value: { problem: 'no member event' }, text };
  const host = 'host' in json && typeof json.host === 'string' ? { host: json.host } : {};
  if (typeof json.event !== 'string') return { value: { json: json.event }, text, ...host };
  const inner = json.event.trimStart();
  return inner.startsWith('{')
    ? { ...jsonRecord(inner), text, ...host }
    : { value: { text: json.event }, text, ...host };
}
