/** What the records of an event tell together, under names that the mapping reads: `<record>.<field>`, and what has to be worked out of several. */
import { isIP } from 'node:net';
import { isRecord } from '../json.ts';
import type { AuditEvent } from './audit-joiner.ts';
import { textOfHex } from './audit-record.ts';
import { syscallName } from './syscalls.ts';

export interface AuditFields {
  /** `execve`, `USER_START`. */
  readonly kind: string;
  readonly fields: Record<string, unknown>;
}

interface PathItem {
  readonly name: string;
  readonly kind: string;
}

/** Null: none of its records says what happened, as when the log was cut in the middle of it. */
export function fieldsOfEvent({ records }: AuditEvent): AuditFields | null {
  const fields: Record<string, unknown> = {};
  const paths: PathItem[] = [];
  const words = new Map<number, string>();
  let kind: string | null = null;
  for (const { type, fields: told } of records) {
    if (type === 'PATH') {
      paths.push({ name: told.name ?? '', kind: told.nametype ?? '' });
      continue;
    }
    if (type === 'EXECVE') {
      wordsOf(told, words);
      continue;
    }
    if (type === 'SOCKADDR') address(told.saddr ?? '', fields);
    for (const name in told) fields[`${type}.${name}`] = told[name];
    if (type === 'SYSCALL') kind = syscallName(told.SYSCALL ?? told.syscall ?? '', told.arch ?? '');
    else if (kind === null && !/^(?:CWD|PROCTITLE|SOCKADDR)$/.test(type)) kind = type;
  }
  if (kind === null) return null;
  if (words.size > 0)
    fields.command = [...words]
      .sort(([a], [b]) => a - b)
      .map(([, word]) => word)
      .join(' ');
  complete(fields, paths);
  return { kind, fields };
}

/** `a0`, `a1` …; long ones in pieces: `a1[0]`, `a1[1]`. */
function wordsOf(told: Readonly<Record<string, string>>, words: Map<number, string>): void {
  for (const name in told) {
    const found = /^a(\d{1,6})(?:\[\d+\])?$/.exec(name);
    if (!found) continue;
    const index = Number(found[1]);
    words.set(index, (words.get(index) ?? '') + (told[name] ?? ''));
  }
}

/** Laurel's form: one object an event, with arrays where records repeat. Null when it is none. */
export function fieldsOfLaurel(record: Readonly<Record<string, unknown>>): AuditFields | null {
  const fields: Record<string, unknown> = {};
  const paths: PathItem[] = [];
  let kind: string | null = null;
  for (const type in record) {
    const told = record[type];
    if (type === 'PATH' && Array.isArray(told)) {
      for (const item of told)
        if (isRecord(item)) paths.push({ name: String(item.name ?? ''), kind: String(item.nametype ?? '') });
      continue;
    }
    // Of a record that may repeat, the first tells.
    const inner = Array.isArray(told) ? told[0] : told;
    if (!isRecord(inner) || !/^[A-Z][A-Z0-9_]*$/.test(type)) continue;
    for (const name in inner) fields[`${type}.${name}`] = plain(inner[name]);
    if (type === 'EXECVE' && Array.isArray(inner.ARGV)) fields.command = inner.ARGV.map(String).join(' ');
    if (type === 'EXECVE' && Array.isArray(inner.argv)) fields.command = inner.argv.map(String).join(' ');
    if (type === 'SYSCALL')
      kind = syscallName(String(inner.SYSCALL ?? inner.syscall ?? ''), String(inner.arch ?? ''));
    else if (
      kind === null &&
      !/^(?:CWD|PROCTITLE|SOCKADDR|EXECVE|PATH|PARENT_INFO|CONTAINER_INFO)$/.test(type)
    )
      kind = type;
    if (type === 'SOCKADDR') {
      const decoded = isRecord(inner.SADDR) ? inner.SADDR : null;
      if (decoded) {
        setAddress(fields, String(decoded.addr ?? ''), Number(decoded.port ?? Number.NaN));
      } else address(String(inner.saddr ?? ''), fields);
    }
    if (type === 'PROCTITLE' && Array.isArray(inner.ARGV))
      fields['PROCTITLE.proctitle'] = inner.ARGV.map(String).join(' ');
  }
  if (kind === null) return null;
  complete(fields, paths);
  return { kind, fields };
}

function plain(value: unknown): unknown {
  return Array.isArray(value) || isRecord(value) ? undefined : value;
}

const FLAG_WRITE = 0o3;

function complete(fields: Record<string, unknown>, paths: readonly PathItem[]): void {
  fields.command ??= fields['PROCTITLE.proctitle'];
  const success = fields['SYSCALL.success'];
  const exit = Number(fields['SYSCALL.exit']);
  fields.failed =
    success === 'no' || success === false ? (exit === IN_PROGRESS ? 'in progress' : 'yes') : 'no';
  const cwd = String(fields['CWD.cwd'] ?? '');
  const full = (name: string) =>
    name.startsWith('/') || cwd === '' ? name : `${cwd.replace(/\/$/, '')}/${name.replace(/^\.\//, '')}`;
  const named = (kind: string) =>
    paths.filter((path) => path.kind === kind && path.name !== '').map(({ name }) => full(name));
  const created = named('CREATE');
  const deleted = named('DELETE');
  const normal = named('NORMAL');
  // Of a rename both are told: what lay there before, and what does now.
  fields['path.created'] = created.at(-1);
  fields['path.deleted'] = deleted[0];
  fields['path.normal'] = normal[0];
  fields['path.target'] = created.at(-1) ?? deleted[0] ?? normal[0];
  fields['path.kind'] = created.length > 0 ? 'created' : writes(fields) ? 'written' : 'read';
}

/** ‑EINPROGRESS: a connection that does not wait is told so. */
const IN_PROGRESS = -115;

/** Whether the flags of an `open` ask to write. */
function writes(fields: Record<string, unknown>): boolean {
  const call = String(fields['SYSCALL.SYSCALL'] ?? fields['SYSCALL.syscall'] ?? '');
  if (/^(?:creat|85)$/.test(call)) return true;
  const second = /^(?:openat|257|56)$/.test(call);
  const flags = Number.parseInt(String(fields[second ? 'SYSCALL.a2' : 'SYSCALL.a1'] ?? ''), 16);
  return Number.isInteger(flags) && (flags & FLAG_WRITE) !== 0;
}

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;

function address(hex: string, fields: Record<string, unknown>): void {
  if (!/^(?:[0-9a-f]{2}){2,128}$/i.test(hex)) return;
  const bytes = Buffer.from(hex, 'hex');
  const family = bytes.readUInt16LE(0);
  if (family === AF_INET && bytes.length >= 8) {
    setAddress(fields, [...bytes.subarray(4, 8)].join('.'), bytes.readUInt16BE(2));
  } else if (family === AF_INET6 && bytes.length >= 24) {
    const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(8 + i * 2).toString(16));
    const whole = groups.join(':');
    const mapped = /^(?:0:){5}ffff:/.test(whole);
    setAddress(
      fields,
      mapped ? [...bytes.subarray(20, 24)].join('.') : shorter(groups),
      bytes.readUInt16BE(2),
    );
  } else if (family === AF_UNIX) {
    fields['socket.path'] = textOfHex(hex.slice(4)).split(' ', 1)[0];
  }
}

/** RFC 5952: the first of the longest runs of two or more zero groups is `::`. */
function shorter(groups: readonly string[]): string {
  let best = { at: 0, length: 0 };
  for (let at = 0; at < groups.length; at++) {
    let end = at;
    while (groups[end] === '0') end++;
    if (end - at > best.length) best = { at, length: end - at };
  }
  if (best.length < 2) return groups.join(':');
  return `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.length).join(':')}`;
}

function setAddress(fields: Record<string, unknown>, ip: string, port: number): void {
  if (isIP(ip) === 0) return;
  fields['socket.ip'] = ip;
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) fields['socket.port'] = port;
}
