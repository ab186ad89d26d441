/** Reads a DNS answer (RFC 1035) as far as a sensor needs: the question and the records that answer it. */
import { addressText } from './bpf-records.ts';

export interface DnsRecord {
  name: string;
  type: string;
  /** Seconds. */
  ttl: number;
  /** Address, name, or text; hex for types not read further. */
  data: string;
}

export interface DnsAnswer {
  id: number;
  question: string;
  questionType: string;
  /** NOERROR, NXDOMAIN, SERVFAIL… */
  status: string;
  answers: DnsRecord[];
}

const TYPES: ReadonlyMap<number, string> = new Map([
  [1, 'A'],
  [2, 'NS'],
  [5, 'CNAME'],
  [6, 'SOA'],
  [12, 'PTR'],
  [15, 'MX'],
  [16, 'TXT'],
  [28, 'AAAA'],
  [33, 'SRV'],
  [39, 'DNAME'],
  [64, 'SVCB'],
  [65, 'HTTPS'],
  [255, 'ANY'],
]);
const STATUSES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];
const MAX_ANSWERS = 64;
const MAX_NAME = 255;
const HEADER_BYTES = 12;
const MAX_DATA = 512;

interface Name {
  text: string;
  /** Offset after the name where it stood. */
  next: number;
}

/** A name at `at`, following compression pointers, which may only lead backwards; null when malformed. */
function readName(b: Buffer, at: number): Name | null {
  const labels: string[] = [];
  let length = 0;
  let next = -1;
  let pos = at;
  let limit = at;
  for (;;) {
    const size = b[pos];
    if (size === undefined) return null;
    if (size === 0) {
      if (next < 0) next = pos + 1;
      return { text: labels.join('.').toLowerCase(), next };
    }
    if ((size & 0xc0) === 0xc0) {
      const low = b[pos + 1];
      if (low === undefined) return null;
      const target = ((size & 0x3f) << 8) | low;
      if (next < 0) next = pos + 2;
      if (target >= limit) return null;
      limit = target;
      pos = target;
      continue;
    }
    if ((size & 0xc0) !== 0 || pos + 1 + size > b.length) return null;
    length += size + 1;
    if (length > MAX_NAME) return null;
    labels.push(labelText(b, pos + 1, size));
    pos += 1 + size;
  }
}

/** Bytes outside printable ASCII, and the dot, as \DDD: what zone files do. */
function labelText(b: Buffer, at: number, size: number): string {
  let text = '';
  for (let i = at; i < at + size; i++) {
    const c = b[i] ?? 0;
    text +=
      c > 32 && c < 127 && c !== 46 && c !== 92 ? String.fromCharCode(c) : `\\${String(c).padStart(3, '0')}`;
  }
  return text;
}

function dataText(b: Buffer, type: string, at: number, size: number): string {
  switch (type) {
    case 'A':
      return size === 4 ? addressText(b, at, 4) : '';
    case 'AAAA':
      return size === 16 ? addressText(b, at, 6) : '';
    case 'CNAME':
    case 'NS':
    case 'PTR':
    case 'DNAME':
      return readName(b, at)?.text ?? '';
    case 'MX':
      return readName(b, at + 2)?.text ?? '';
    case 'TXT': {
      const parts: string[] = [];
      for (let i = at; i < at + size; ) {
        const n = b[i] ?? 0;
        parts.push(labelTextPlain(b, i + 1, Math.min(n, at + size - i - 1)));
        i += n + 1;
      }
      return parts.join('').slice(0, MAX_DATA);
    }
    default:
      return b.toString('hex', at, at + Math.min(size, MAX_DATA / 2));
  }
}

function labelTextPlain(b: Buffer, at: number, size: number): string {
  return b.toString('latin1', at, at + size).replace(/[^\x20-\x7e]/g, '?');
}

/** The answer in `b`; null when it is no answer to a single question, or malformed before the first record. Later damage ends the list. */
export function parseDnsAnswer(b: Buffer): DnsAnswer | null {
  if (b.length < HEADER_BYTES) return null;
  const flags = b.readUInt16BE(2);
  if ((flags & 0x8000) === 0 || (flags & 0x7800) !== 0 || b.readUInt16BE(4) !== 1) return null;
  const question = readName(b, HEADER_BYTES);
  if (question === null || question.next + 4 > b.length) return null;
  const answer: DnsAnswer = {
    id: b.readUInt16BE(0),
    question: question.text,
    questionType: typeName(b.readUInt16BE(question.next)),
    status: STATUSES[flags & 15] ?? `RCODE${flags & 15}`,
    answers: [],
  };
  let at = question.next + 4;
  const count = Math.min(b.readUInt16BE(6), MAX_ANSWERS);
  for (let i = 0; i < count; i++) {
    const name = readName(b, at);
    if (name === null || name.next + 10 > b.length) break;
    const type = typeName(b.readUInt16BE(name.next));
    const size = b.readUInt16BE(name.next + 8);
    const dataAt = name.next + 10;
    if (dataAt + size > b.length) break;
    answer.answers.push({
      name: name.text,
      type,
      ttl: b.readUInt32BE(name.next + 4),
      data: dataText(b, type, dataAt, size),
    });
    at = dataAt + size;
  }
  return answer;
}

function typeName(type: number): string {
  return TYPES.get(type) ?? `TYPE${type}`;
}

/** A UDP payload out of an IP packet; null when it is not one, or a later fragment. */
export interface Datagram {
  family: 4 | 6;
  source: string;
  destination: string;
  destinationPort: number;
  payload: Buffer;
}

export function parseDatagram(b: Buffer): Datagram | null {
  const version = (b[0] ?? 0) >> 4;
  if (version === 4) {
    const header = ((b[0] ?? 0) & 15) * 4;
    if (header < 20 || b.length < header + 8 || b[9] !== 17 || (b.readUInt16BE(6) & 0x1fff) !== 0)
      return null;
    return {
      family: 4,
      source: addressText(b, 12, 4),
      destination: addressText(b, 16, 4),
      destinationPort: b.readUInt16BE(header + 2),
      payload: b.subarray(header + 8),
    };
  }
  if (version === 6) {
    if (b.length < 48 || b[6] !== 17) return null;
    return {
      family: 6,
      source: addressText(b, 8, 6),
      destination: addressText(b, 24, 6),
      destinationPort: b.readUInt16BE(42),
      payload: b.subarray(48),
    };
  }
  return null;
}
