/**
 * Runs one native engine as a child process and keeps it running.
 *
 *   starting ──ready──▶ running ──exit──▶ waiting ──back-off──▶ starting …
 *      │ └─exit / not ready in time─▶ waiting      (the first start gives up: after readyTimeoutMs, or when it ended START_ATTEMPTS times)
 *      └──────── stop() from any state ──▶ stopping ──exit──▶ stopped
 *
 * The child cannot outlive us: the kernel sends it `deathSignal` when we die, however we die; where the kernel offers no such thing, a shell
 * that waits for the end of a pipe does.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { EngineUser } from './engine-user.ts';
import { LastLines } from './last-lines.ts';
import { type DeathSignal, launchAs, SETPRIV } from './launch.ts';
import { clearOrphan, removeRunRecord, writeRunRecord } from './run-record.ts';

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
  /** The engine's folder. A record of the running child, `engine.run`, is kept here: one engine a folder. */
  readonly cwd: string;
  /** Null: as ourselves. */
  readonly user: EngineUser | null;
  /** Lets the child pass and read what its user may not. */
  readonly passFolders?: boolean;
  /** The child starts as ourselves and becomes `user` by its own act, once it has opened what only we may. */
  readonly becomesUser?: boolean;
  /** Resolves when the engine answers, rejects while it does not. Called again and again. */
  ready(): Promise<void>;
  readonly readyTimeoutMs: number;
  /** Asks for an orderly end. */
  readonly stopSignal?: NodeJS.Signals;
  /** What the kernel sends the child when we die. */
  readonly deathSignal?: DeathSignal;
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
const READY_ATTEMPT_MS = 5_000;
const START_ATTEMPTS = 7;
const START_BACK_OFF_MS = [50, 100, 250, 500, 1_000];
const BACK_OFF_MS = [100, 250, 500, 1_000, 2_000, 5_000];
/** A life longer than this forgives the failures before it. */
const STEADY_MS = 60_000;
const ORPHAN_GRACE_MS = 3_000;
const KEPT_LINES = 40;
/** Reads until the pipe ends, which is when its other end, Merlon, does; then kills the engine named by its argument. */
const WATCHER = 'read -r _; kill -s KILL "$0"';

/**
 * Resolves when the engine first answers.
 * @throws EngineStartError, quoting the engine's last lines, when it does not in time. EngineBusyError when another server runs an engine here.
 */
export async function superviseEngine(options: EngineOptions): Promise<SupervisedEngine> {
  const { name, log } = options;
  const record = join(options.cwd, 'engine.run');
  const output = new LastLines(KEPT_LINES);
  const restartListeners: (() => void)[] = [];
  const stopping = new AbortController();
  let child: ChildProcess | null = null;
  let exited: Promise<void> = Promise.resolve();

  const launch = () => {
    const { command, args, ...identity } = launchAs(
      options.command,
      options.args,
      { user: options.becomesUser ? null : options.user, passFolders: options.passFolders ?? false },
      options.deathSignal ?? 'KILL',
    );
    const started = spawn(command, args, {
      ...identity,
      cwd: options.cwd,
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LANG: 'C.UTF-8', ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Its own session: Ctrl-C in a terminal is meant for us, and we stop the engine in our own order.
      detached: true,
    });
    child = started;
    const watcher = SETPRIV ? null : watchOver(started);
    started.stdout?.on('data', (data: Buffer) => output.add(data));
    started.stderr?.on('data', (data: Buffer) => output.add(data));
    exited = new Promise((resolve) => {
      const over = (how: string) => {
        watcher?.kill('SIGKILL');
        if (child === started) child = null;
        output.add(`[${name} ended: ${how}]\n`);
        resolve();
      };
      started.once('error', (error) => over(error.message));
      started.once('exit', (code, signal) => over(signal ? `signal ${signal}` : `code ${code}`));
    });
    if (started.pid !== undefined) writeRunRecord(record, started.pid);
  };

  const pause = (ms: number) => delay(ms, undefined, { signal: stopping.signal }).catch(() => {});

  /** True once it answers; false when it ended or time ran out. */
  const waitUntilReady = async (deadline: number): Promise<boolean> => {
    while (child && !stopping.signal.aborted && Date.now() < deadline) {
      if (await answers(options.ready, Math.min(READY_ATTEMPT_MS, deadline - Date.now()))) return true;
      await pause(READY_POLL_MS);
    }
    return false;
  };

  /** Ends whatever runs, first with `signal`, then with force. */
  const end = async (signal: NodeJS.Signals) => {
    const running = child;
    if (!running) return;
    running.kill(signal);
    const timer = setTimeout(() => {
      log.warn({ engine: name }, 'the engine did not stop in time and is killed');
      running.kill('SIGKILL');
    }, options.stopTimeoutMs ?? 10_000);
    await exited;
    clearTimeout(timer);
  };

  const uids = [options.user?.uid ?? process.getuid?.() ?? -1];
  const orphan = await clearOrphan(record, { name, uids, graceMs: ORPHAN_GRACE_MS });
  if (orphan !== 'free') {
    log.warn(
      { engine: name, outcome: orphan },
      'an engine was left over from a server that ended; it is gone now',
    );
  }
  const deadline = Date.now() + options.readyTimeoutMs;
  launch();
  for (let attempt = 1; !(await waitUntilReady(deadline)); attempt++) {
    if (Date.now() >= deadline || attempt >= START_ATTEMPTS) {
      await end('SIGKILL');
      removeRunRecord(record);
      throw new EngineStartError(`${name} did not start. Its last words:\n${output.text()}`);
    }
    // A start may fail because processes of an engine that was killed still let go of the folder: try again while there is time.
    await pause(START_BACK_OFF_MS[Math.min(attempt - 1, START_BACK_OFF_MS.length - 1)] ?? 1_000);
    launch();
  }

  const watch = async () => {
    let failures = 0;
    for (;;) {
      const aliveSince = Date.now();
      await exited;
      if (stopping.signal.aborted) return;
      if (Date.now() - aliveSince > STEADY_MS) failures = 0;
      const wait = BACK_OFF_MS[Math.min(failures++, BACK_OFF_MS.length - 1)] ?? 5_000;
      log.error(
        { engine: name, wait, output: output.text() },
        'an engine ended by itself; it is started again',
      );
      await pause(wait);
      if (stopping.signal.aborted) return;
      launch();
      if (await waitUntilReady(Date.now() + options.readyTimeoutMs)) {
        log.info({ engine: name }, 'the engine is back');
        for (const listener of restartListeners) listener();
      } else if (!stopping.signal.aborted) {
        await end('SIGKILL');
      }
    }
  };
  const watching = watch();

  return {
    pid: () => child?.pid ?? null,
    onRestart: (listener) => void restartListeners.push(listener),
    async stop() {
      stopping.abort();
      await end(options.stopSignal ?? 'SIGTERM');
      await watching;
      removeRunRecord(record);
    },
  };
}

async function answers(ready: () => Promise<void>, withinMs: number): Promise<boolean> {
  const giveUp = new AbortController();
  try {
    return await Promise.race([ready().then(() => true), delay(withinMs, false, { signal: giveUp.signal })]);
  } catch {
    return false;
  } finally {
    giveUp.abort();
  }
}

/** For systems without a parent-death signal. */
function watchOver(engine: ChildProcess): ChildProcess | null {
  if (engine.pid === undefined) return null;
  const watcher = spawn('/bin/sh', ['-c', WATCHER, String(engine.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watcher.on('error', () => {});
  watcher.unref();
  return watcher;
}
