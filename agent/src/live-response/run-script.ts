/** Runs a script to its end, or to the end of its time, and leaves no process of it behind. */
import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { constants as os } from 'node:os';
import type { Readable } from 'node:stream';
import { AgentError, messageOf } from '../agent-error.ts';
import { type Confinement, confine } from './confinement.ts';

/** What a script finds: nothing of the agent's own environment. */
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  TERM: 'dumb',
};
const SHEBANG_BYTES = 256;
/** After all its processes are dead a pipe may still hold some output. */
const DRAIN_MS = 2_000;

export interface ScriptRun {
  /** Unique to this run: names its cgroup. */
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly timeoutSeconds: number;
  /** Bytes kept of each stream. */
  readonly keepBytes: number;
  readonly signal: AbortSignal;
  /** Called with what is kept, as it comes. */
  readonly heard?: (stream: 'out' | 'err', text: string) => void;
  readonly confinement?: Confinement;
}

export interface ScriptOutcome {
  /** 128 and the signal's number for a script that a signal ended. */
  readonly exitCode: number;
  readonly timedOut: boolean;
  readonly out: KeptOutput;
  readonly err: KeptOutput;
  readonly confinement: Pick<Confinement, 'kind' | 'bounded'>;
}

export interface KeptOutput {
  readonly text: string;
  /** Bytes that came after as many as are kept. */
  readonly droppedBytes: number;
}

/** @throws AgentError when it cannot be started; the reason of `signal` when that was aborted, once every process is dead */
export async function runScript(run: ScriptRun): Promise<ScriptOutcome> {
  run.signal.throwIfAborted();
  const command = [...(await interpreterOf(run.file)), run.file, ...run.args];
  const confinement = run.confinement ?? (await confine(run.name));
  const [program = '', ...words] = [...confinement.prefix, ...command];
  const child = spawn(program, words, {
    cwd: run.folder,
    env: { ...ENVIRONMENT, ...confinement.environment, HOME: run.folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const out = new BoundedOutput(child.stdout, run.keepBytes, (text) => run.heard?.('out', text));
  const err = new BoundedOutput(child.stderr, run.keepBytes, (text) => run.heard?.('err', text));
  const leader = child.pid ?? null;
  let timedOut = false;
  let killing: Promise<void> | null = null;
  const kill = () => {
    killing ??= confinement.kill(leader);
    return killing;
  };
  const limit = setTimeout(() => {
    timedOut = true;
    void kill().catch(() => undefined);
  }, run.timeoutSeconds * 1000);
  const abort = () => void kill().catch(() => undefined);
  run.signal.addEventListener('abort', abort, { once: true });
  try {
    const exitCode = await new Promise<number>((resolve, reject) => {
      child.once('error', (error) =>
        reject(new AgentError(`the script cannot be started: ${messageOf(error)}`, { cause: error })),
      );
      child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? os.signals[signal] : 0)));
    });
    return { exitCode, timedOut, ...(await settled()), confinement };
  } finally {
    clearTimeout(limit);
    run.signal.removeEventListener('abort', abort);
    await kill();
    run.signal.throwIfAborted();
  }

  /** What the script left running goes with it, and holds its pipes no longer. */
  async function settled() {
    await kill();
    const patience = setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, DRAIN_MS);
    await Promise.all([out.ended, err.ended]);
    clearTimeout(patience);
    return { out: out.kept(), err: err.kept() };
  }
}

/** As the kernel reads it, but here: the folder of the script may lie where nothing may be executed. Empty: the file is a program. */
async function interpreterOf(path: string): Promise<string[]> {
  const file = await open(path, 'r');
  try {
    const head = Buffer.alloc(SHEBANG_BYTES);
    const { bytesRead } = await file.read(head, 0, SHEBANG_BYTES, 0);
    if (head.subarray(0, 4).equals(Buffer.from('\x7fELF', 'latin1'))) return [];
    const [line = ''] = head.toString('latin1', 0, bytesRead).split('\n', 1);
    const [, interpreter, argument] = /^#![ \t]*(\/[^ \t\r]*)[ \t]*(.*?)[ \t\r]*$/.exec(line) ?? [];
    if (interpreter === undefined) return ['/bin/sh'];
    return argument ? [interpreter, argument] : [interpreter];
  } finally {
    await file.close();
  }
}

class BoundedOutput {
  readonly ended: Promise<void>;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #dropped = 0;

  constructor(stream: Readable, keepBytes: number, heard: (text: string) => void) {
    const decoder = new TextDecoder();
    // What is not kept is read all the same: a script that waits for a reader would never end.
    stream.on('data', (chunk: Buffer) => {
      const kept = chunk.subarray(0, Math.max(0, keepBytes - this.#bytes));
      this.#dropped += chunk.length - kept.length;
      this.#bytes += kept.length;
      if (kept.length === 0) return;
      this.#chunks.push(kept);
      heard(decoder.decode(kept, { stream: true }));
    });
    this.ended = new Promise((resolve) => stream.once('close', resolve));
  }

  kept(): KeptOutput {
    return { text: Buffer.concat(this.#chunks).toString('utf8'), droppedBytes: this.#dropped };
  }
}
