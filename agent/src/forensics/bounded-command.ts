/** Runs a program of the system with bounds on time and output; it and its children are gone when the promise settles. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { codeOf } from '../agent-error.ts';

export interface BoundedCommand {
  readonly argv: readonly [string, ...string[]];
  readonly to: string;
  readonly timeLimitMs: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export type CommandOutcome =
  | {
      readonly kind: 'done';
      readonly status: number;
      readonly bytes: number;
      readonly cut: boolean;
      readonly stderr: string;
    }
  | { readonly kind: 'missing' }
  | { readonly kind: 'timeout'; readonly bytes: number };

/** Where the system keeps its own programs: what a user's PATH adds is not asked. */
export const SYSTEM_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
const STDERR_CHARS = 500;

export async function runBounded(command: BoundedCommand): Promise<CommandOutcome> {
  const { argv, to, timeLimitMs, maxBytes, signal } = command;
  signal.throwIfAborted();
  const [program, ...args] = argv;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C', LANG: 'C' },
    cwd: '/',
    // A group of its own, so that what it starts ends with it.
    detached: true,
  });
  const killed = { why: null as 'timeout' | 'bytes' | 'abort' | null };
  const kill = (why: 'timeout' | 'bytes' | 'abort') => {
    killed.why ??= why;
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch (error) {
      if (codeOf(error) !== 'ESRCH') throw error;
    }
  };
  const abort = () => kill('abort');
  signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => kill('timeout'), timeLimitMs);
  const file = createWriteStream(to, { mode: 0o600, flags: 'wx' });
  let bytes = 0;
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(0, STDERR_CHARS);
  });
  try {
    const ended = new Promise<number | Error>((resolve) => {
      child.once('error', resolve);
      child.once('close', (code) => resolve(code ?? -1));
    });
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      const room = maxBytes - bytes;
      const taken = chunk.subarray(0, Math.max(0, room));
      bytes += taken.byteLength;
      if (taken.byteLength > 0 && !file.write(taken)) await once(file, 'drain');
      if (chunk.byteLength > room) kill('bytes');
    }
    const result = await ended;
    signal.throwIfAborted();
    if (result instanceof Error) {
      if (codeOf(result) === 'ENOENT') return { kind: 'missing' };
      throw result;
    }
    if (killed.why === 'timeout') return { kind: 'timeout', bytes };
    return { kind: 'done', status: result, bytes, cut: killed.why === 'bytes', stderr };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    kill('abort');
    file.end();
    await once(file, 'close');
  }
}
