/**
 * Runs one native engine as a child process and keeps it running.
 *
 *   starting ──ready──▶ running ──exit──▶ waiting ──back-off──▶ starting …
 *      │ └─exit / not ready in time─▶ waiting      (the first start gives up after readyTimeoutMs instead)
 *      └──────── stop() from any state ──▶ stopping ──exit──▶ stopped
 *
 * The child cannot outlive us: the kernel sends it `deathSignal` when we die, however we die.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { EngineUser } from './engine-user.ts';

export interface EngineLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface EngineOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Null: as ourselves. */
  readonly user: EngineUser | null;
  /** Lets the child pass folders that its user may not: only for an engine that runs nobody's text but ours. */
  readonly passFolders?: boolean;
  /** Resolves when the engine answers, rejects while it does not. Called again and again. */
  ready(): Promise<void>;
  readonly readyTimeoutMs: number;
  /** Asks for an orderly end. */
  readonly stopSignal?: NodeJS.Signals;
  /** What the kernel sends the child when we die. */
  readonly deathSignal?: 'KILL' | 'QUIT' | 'TERM' | 'INT';
  readonly stopTimeoutMs?: number;
  readonly log: EngineLog;
}

export interface SupervisedEngine {
  /** Null between two lives of the engine. */
  pid(): number | null;
  /** Called after the engine came back from an exit nobody asked for. */
  onRestart(listener: () => void): void;
  stop(): Promise<void>;
}

export class EngineStartError extends Error {
  override readonly name = 'EngineStartError';
}

const READY_POLL_MS = 20;
const BACK_OFF_MS = [100, 250, 500, 1_000, 2_000, 5_000];
/** A life longer than this forgives the failures before it. */
const STEADY_MS = 60_000;
const KEPT_LINES = 40;
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

/** Resolves when the engine first answers. Rejects with {@link EngineStartError}, quoting the engine's last lines, when it does not in time. */
export async function superviseEngine(options: EngineOptions): Promise<SupervisedEngine> {
  const { name, log } = options;
  const output = new LastLines(KEPT_LINES);
  const restartListeners: (() => void)[] = [];
  let child: ChildProcess | null = null;
  let exited: Promise<void> = Promise.resolve();
  let stopping = false;
  let failures = 0;

  const launch = () => {
    const [command, args] = launchLine(options);
    const started = spawn(command, args, {
      cwd: options.cwd,
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LANG: 'C.UTF-8', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child = started;
    started.stdout?.on('data', (data: Buffer) => output.add(data));
    started.stderr?.on('data', (data: Buffer) => output.add(data));
    exited = new Promise((resolve) => {
      const over = (how: string) => {
        if (child === started) child = null;
        output.add(Buffer.from(`[${name} ended: ${how}]\n`));
        resolve();
      };
      started.once('error', (error) => over(error.message));
      started.once('exit', (code, signal) => over(signal ? `signal ${signal}` : `code ${code}`));
    });
  };

  /** True once it answers; false when it ended or time ran out. */
  const waitUntilReady = async (deadline: number): Promise<boolean> => {
    while (child && !stopping && Date.now() < deadline) {
      try {
        await options.ready();
        return true;
      } catch {
        await delay(READY_POLL_MS);
      }
    }
    return false;
  };

  const deadline = Date.now() + options.readyTimeoutMs;
  launch();
  while (!(await waitUntilReady(deadline))) {
    // A start may fail because the engine of a server that just died still lets go of the folder: try again while there is time.
    if (Date.now() >= deadline) {
      stopping = true;
      (child as ChildProcess | null)?.kill('SIGKILL');
      await exited;
      throw new EngineStartError(
        `${name} did not start within ${options.readyTimeoutMs} ms. Its last words:\n${output.text()}`,
      );
    }
    await delay(BACK_OFF_MS[Math.min(failures++, 3)] ?? 1_000);
    launch();
  }
  failures = 0;

  const watch = async () => {
    while (!stopping) {
      const startedAt = Date.now();
      await exited;
      if (stopping) return;
      if (Date.now() - startedAt > STEADY_MS) failures = 0;
      const wait = BACK_OFF_MS[Math.min(failures++, BACK_OFF_MS.length - 1)] ?? 5_000;
      log.error(
        { engine: name, wait, output: output.text() },
        'an engine ended by itself; it is started again',
      );
      await delay(wait);
      if (stopping) return;
      launch();
      if (await waitUntilReady(Date.now() + options.readyTimeoutMs)) {
        log.info({ engine: name }, 'the engine is back');
        for (const listener of restartListeners) listener();
      } else if (!stopping) {
        (child as ChildProcess | null)?.kill('SIGKILL');
      }
    }
  };
  const watching = watch();

  return {
    pid: () => child?.pid ?? null,
    onRestart: (listener) => void restartListeners.push(listener),
    async stop() {
      stopping = true;
      const running = child;
      if (running) {
        running.kill(options.stopSignal ?? 'SIGTERM');
        const timer = setTimeout(() => {
          log.warn({ engine: name }, 'the engine did not stop in time and is killed');
          running.kill('SIGKILL');
        }, options.stopTimeoutMs ?? 10_000);
        await exited;
        clearTimeout(timer);
      }
      await watching;
    },
  };
}

/** Through `setpriv` where there is one (util-linux, on every Linux): it drops rights and asks for the death signal before the engine begins. */
function launchLine({ command, args, user, passFolders, deathSignal }: EngineOptions): [string, string[]] {
  if (!SETPRIV) return [command, [...args]];
  const capability = passFolders ? ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'] : [];
  const identity = user
    ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', ...capability]
    : [];
  return [SETPRIV, [...identity, `--pdeathsig=${deathSignal ?? 'KILL'}`, '--', command, ...args]];
}

class LastLines {
  readonly #lines: string[] = [];
  readonly #keep: number;
  #partial = '';

  constructor(keep: number) {
    this.#keep = keep;
  }

  add(data: Buffer): void {
    const lines = (this.#partial + data.toString('utf8')).split('\n');
    this.#partial = (lines.pop() ?? '').slice(-2_000);
    this.#lines.push(...lines.map((line) => line.slice(0, 2_000)));
    this.#lines.splice(0, Math.max(0, this.#lines.length - this.#keep));
  }

  text(): string {
    return [...this.#lines, this.#partial].filter((line) => line !== '').join('\n');
  }
}
