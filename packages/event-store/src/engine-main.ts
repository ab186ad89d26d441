/**
 * The launcher: a process that loads chDB's library and turns into a ClickHouse server. Its own entry point, because the engine takes over the
 * thread that calls it and never gives it back.
 *
 * Confined (as root on Linux, in a mount namespace of its own that the supervisor made): it first opens what it needs, then makes the engine's folder
 * its root and gives up root's rights for good. Of the machine's files the engine then sees its own data and /proc with nothing in it but itself;
 * and it does not matter under whose private folder the data lies.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { libchdbPath } from 'chdb/libchdb';
import ffi from 'ffi-rs';
import type { LaunchRequest } from './launch-request.ts';
import { forgetLostInserts } from './lost-inserts.ts';

const { DataType, load, open } = ffi;

const LIBC = process.platform === 'darwin' ? 'libSystem.B.dylib' : 'libc.so.6';
/** prctl(2) */
const PR_SET_PDEATHSIG = 1;
const PR_SET_DUMPABLE = 4;
const SIGKILL = 9;

/** The server runs as long as the statement it was started with, so that statement sleeps: one wake a second, for three years. */
const SERVE = `SYSTEM START LISTEN HTTP;
  SELECT sleepEachRow(1) FROM numbers(100000000)
  SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 2000000 FORMAT Null`;

function main(request: LaunchRequest): void {
  open({ library: 'chdb', path: libchdbPath() });
  const root = request.confineAs ? confine(request.folder, request.confineAs) : request.folder;
  if (process.ppid !== request.parentPid) return;
  const forgotten = forgetLostInserts(root);
  if (forgotten > 0)
    console.error(`${forgotten} inserts were known and not there; they are taken when they come again`);
  const args = [
    'clickhouse',
    '--path',
    root,
    '--config-file',
    join(root, 'config.xml'),
    '--listen_host',
    '127.0.0.1',
    '--http_port',
    String(request.httpPort),
    '--query',
    SERVE,
  ];
  load({
    library: 'chdb',
    funcName: 'chdb_query_cmdline',
    retType: DataType.External,
    paramsType: [DataType.I32, DataType.StringArray],
    paramsValue: [args.length, args],
  });
  console.error('the engine came back from serving');
  process.exit(1);
}

function confine(folder: string, { uid, gid }: { uid: number; gid: number }): string {
  open({ library: 'c', path: LIBC });
  mkdirSync(join(folder, 'proc'), { recursive: true });
  // Of all processes it shows only those of the engine's own user. The engine measures its memory there.
  execFileSync('mount', ['-t', 'proc', '-o', 'nosuid,nodev,noexec,hidepid=2', 'proc', join(folder, 'proc')]);
  if (libc('chroot', DataType.String, folder) !== 0) throw new Error(`chroot to ${folder} was refused`);
  process.chdir('/');
  process.setgroups?.([]);
  process.setgid?.(gid);
  process.setuid?.(uid);
  // Both were cleared by the change of user: to die with the parent, and to be able to read its own /proc.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_SET_DUMPABLE, 1);
  return '/';
}

function libc(name: string, type: number, value: string): number {
  return load({
    library: 'c',
    funcName: name,
    retType: DataType.I32,
    paramsType: [type as typeof DataType.String],
    paramsValue: [value],
  });
}

function prctl(option: number, value: number): void {
  const result = load({
    library: 'c',
    funcName: 'prctl',
    retType: DataType.I32,
    paramsType: [DataType.I32, DataType.U64, DataType.U64, DataType.U64, DataType.U64],
    paramsValue: [option, value, 0, 0, 0],
  });
  if (result !== 0) throw new Error(`prctl(${option}) was refused`);
}

main(JSON.parse(process.argv[2] ?? '') as LaunchRequest);
