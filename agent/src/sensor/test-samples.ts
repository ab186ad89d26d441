/** For tests: records as sensor.bpf.c writes them, and the server's judgement of a row. */
import { huntingTable, validateRow } from '@merlon/contract';
import type { SensorRow } from './sensor.ts';

/** Why ingest would refuse the row; null when it would not. */
export function refusal(row: SensorRow): string | null {
  const { Table, ...columns } = row;
  const table = huntingTable(Table);
  return table === undefined ? `no table ${Table}` : validateRow(table, columns, new Date(row.Timestamp));
}

export interface ForkSample {
  time?: number;
  start?: number;
  parentStart?: number;
  pid?: number;
  parentPid?: number;
  uid?: number;
  session?: number;
  comm?: string;
}

function header(b: Buffer, type: number, s: ForkSample): void {
  b.writeUInt32LE(type, 0);
  b.writeUInt32LE(b.length, 4);
  b.writeBigUInt64LE(BigInt(s.time ?? s.start ?? 1000), 8);
  b.writeBigUInt64LE(BigInt(s.start ?? 1000), 16);
  b.writeBigUInt64LE(BigInt(s.parentStart ?? 500), 24);
  b.writeUInt32LE(s.pid ?? 100, 32);
  b.writeUInt32LE(s.parentPid ?? 1, 36);
  b.writeUInt32LE(s.uid ?? 0, 40);
  b.writeUInt32LE(s.uid ?? 0, 48);
  b.writeUInt32LE(0xffffffff, 52);
  b.writeUInt32LE(s.session ?? 0xffffffff, 56);
  b.writeUInt32LE(4026531833, 60);
  b.write(s.comm ?? 'test', 72, 15);
}

export function forkRecord(s: ForkSample): Buffer {
  const b = Buffer.alloc(88);
  header(b, 1, s);
  return b;
}

export interface ExecSample extends ForkSample {
  /** Names, leaf first. */
  path: string[];
  cwd: string[];
  args: string[];
  flags?: number;
  inode?: number;
}

export function execRecord(s: ExecSample): Buffer {
  const text = (parts: string[]): Buffer => Buffer.from(parts.map((p) => `${p}\0`).join(''));
  const [path, cwd, args] = [text(s.path), text(s.cwd), text(s.args)];
  const fixed = Buffer.alloc(168);
  const b = Buffer.concat([fixed, path, cwd, args]);
  header(b, 2, s);
  b.writeBigUInt64LE(BigInt(s.inode ?? 42), 88);
  b.writeBigUInt64LE(1234n, 96);
  b.writeBigUInt64LE(1_700_000_000n, 104);
  b.writeBigUInt64LE(1_700_000_000n, 112);
  b.writeUInt32LE(5, 120);
  b.writeUInt32LE(0xfe00000, 128);
  b.writeUInt32LE(0o100755, 132);
  b.writeUInt32LE(s.flags ?? 0, 136);
  b.writeUInt32LE(path.length, 140);
  b.writeUInt32LE(cwd.length, 144);
  b.writeUInt32LE(args.length, 148);
  b.writeUInt32LE(args.length, 152);
  b.write('pts/3', 156);
  return b;
}

export function exitRecord(s: { pid: number; start: number }): Buffer {
  const b = Buffer.alloc(32);
  b.writeUInt32LE(3, 0);
  b.writeUInt32LE(32, 4);
  b.writeBigUInt64LE(BigInt(s.start), 16);
  b.writeUInt32LE(s.pid, 24);
  return b;
}

export interface TcpSample {
  ownerPid?: number;
  ownerStart?: number;
  /** AF_ number. */
  family?: number;
  local?: Buffer;
  remote?: Buffer;
  oldState: number;
  newState: number;
  error?: number;
}

export function tcpRecord(s: TcpSample): Buffer {
  const b = Buffer.alloc(96);
  b.writeUInt32LE(4, 0);
  b.writeUInt32LE(96, 4);
  b.writeBigUInt64LE(2000n, 8);
  b.writeBigUInt64LE(BigInt(s.ownerStart ?? 0), 16);
  b.writeUInt32LE(s.ownerPid ?? 0, 24);
  b.writeUInt32LE(4026531833, 32);
  b.writeUInt32LE(s.error ?? 0, 36);
  b.writeUInt16LE(s.family ?? 2, 40);
  b.writeUInt16LE(40000, 42);
  b.writeUInt16LE(443, 44);
  b[46] = s.oldState;
  b[47] = s.newState;
  (s.local ?? Buffer.from([10, 0, 0, 2])).copy(b, 48);
  (s.remote ?? Buffer.from([192, 0, 2, 7])).copy(b, 64);
  b.write('curl', 80);
  return b;
}
