/**
 * The device's end of console sessions: takes their signed words in order, has commands carried out one at a time, and says what comes of it until the server
 * has stored it.
 *
 * A session lives in this process alone. After a restart the device knows nothing of it and says so, and the server ends it: no command is ever taken up again.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type FromDevice,
  LIVE_IDLE_MS,
  type LiveInput,
  type LiveLine,
  type LiveOutcome,
  type LiveWord,
  liveCommands,
  readLiveLine,
} from '@merlon/contract';
import { messageOf } from '../../agent-error.ts';
import type { AgentLog } from '../../agent-log.ts';
import { makePrivateFolder, writeDurably } from '../../files/durable.ts';
import type { ServerClock } from '../../identity/server-clock.ts';
import { Serial } from '../../time/serial.ts';
import { killLeftOver } from '../confinement.ts';
import { commandHandlers, type HandedIn } from './commands.ts';
import type { InputVerifier } from './input-verifier.ts';
import { CommandOutput } from './output.ts';
import type { SessionTools } from './tools.ts';

const MAX_SESSIONS = 4;
const MAX_QUEUED_COMMANDS = 32;
const MAX_JOBS = 8;
/** Characters said and not yet stored, above which a command waits. */
const MAX_UNSTORED_CHARS = 512 * 1024;
/** Ended sessions remembered, so that none is opened twice. */
const REMEMBERED = 256;
const IDLE_CHECK_MS = 30_000;

export interface ConsoleOptions {
  /** Private to live response. */
  readonly folder: string;
  readonly verifier: InputVerifier;
  readonly clock: ServerClock;
  readonly tools: SessionTools;
  readonly log: AgentLog;
  /** Says it if the server can be reached now. */
  readonly say: (frame: FromDevice) => void;
}

export class Consoles {
  readonly #options: ConsoleOptions;
  readonly #sessions = new Map<string, ConsoleSession>();
  readonly #ended: string[] = [];
  readonly #intake = new Serial();
  readonly #timer: NodeJS.Timeout;

  constructor(options: ConsoleOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      for (const session of this.#sessions.values()) session.endIfIdle();
    }, IDLE_CHECK_MS);
    this.#timer.unref();
    this.#intake
      .run(() => clearUp(join(options.folder, 'console')))
      .catch((error: unknown) => options.log.error('what console sessions left behind stays', { error }));
  }

  input(jws: string): Promise<void> {
    return this.#intake.run(() => this.#take(jws));
  }

  stored(sessionId: string, seq: number): void {
    this.#sessions.get(sessionId)?.stored(seq);
    this.#forgetSettled();
  }

  /** A channel opened: what the server has not confirmed is said again. */
  connected(): void {
    for (const session of this.#sessions.values()) session.repeat();
  }

  /** Every command is broken off and every script dead when this resolves. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([...this.#sessions.values()].map((session) => session.stop()));
  }

  async #take(jws: string): Promise<void> {
    const { verifier, clock, log, say } = this.#options;
    const input = await verifier.open(jws, clock.now());
    if (typeof input === 'string') {
      log.error('a word of a console session was refused', { reason: input });
      return;
    }
    const known = this.#sessions.get(input.sid);
    if (known) {
      known.take(input);
      this.#forgetSettled();
      return;
    }
    const opens = input.kind === 'open' && input.seq === 1 && !this.#ended.includes(input.sid);
    if (!opens || this.#live() >= MAX_SESSIONS) {
      say({ type: 'liveTaken', sessionId: input.sid, taken: input.seq, unknown: true });
      return;
    }
    log.info('a console session was opened', { sessionId: input.sid });
    const session = new ConsoleSession(input.sid, this.#options);
    this.#sessions.set(input.sid, session);
    session.take(input);
  }

  #live(): number {
    return [...this.#sessions.values()].filter((session) => !session.over).length;
  }

  #forgetSettled(): void {
    for (const [id, session] of this.#sessions) {
      if (!session.settled) continue;
      this.#sessions.delete(id);
      this.#ended.push(id);
      if (this.#ended.length > REMEMBERED) this.#ended.shift();
    }
  }
}

/** An agent that was killed in the middle leaves files, and perhaps a script that runs on: its folder names it. */
async function clearUp(folder: string): Promise<void> {
  await makePrivateFolder(folder);
  for (const name of await readdir(folder)) {
    await killLeftOver(name);
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

interface Job {
  readonly id: number;
  readonly line: string;
  readonly done: Promise<void>;
  state: 'Running' | LiveOutcome;
}

class ConsoleSession {
  readonly #id: string;
  readonly #options: ConsoleOptions;
  readonly #commands = new Serial();
  readonly #running = new Map<number, AbortController>();
  readonly #jobs: Job[] = [];
  readonly #history: { command: number; line: string; outcome: LiveOutcome | 'Running' }[] = [];
  /** Said and not yet stored, oldest first. */
  #unstored: { seq: number; chars: number; word: LiveWord }[] = [];
  #unstoredChars = 0;
  #waiting: (() => void)[] = [];
  #taken = 0;
  #said = 0;
  #queued = 0;
  #cwd = '/';
  #trace = false;
  #activeAt = performance.now();
  #over = false;

  constructor(id: string, options: ConsoleOptions) {
    this.#id = id;
    this.#options = options;
  }

  /** It takes no more words. */
  get over(): boolean {
    return this.#over;
  }

  /** And the server has all of its own. */
  get settled(): boolean {
    return this.#over && this.#unstored.length === 0 && this.#running.size === 0;
  }

  take(input: LiveInput): void {
    // One before it is on its way, or was lost with a connection: the server says both again.
    if (input.seq > this.#taken + 1) return;
    const isNew = input.seq > this.#taken;
    if (isNew) this.#taken = input.seq;
    this.#confirm();
    if (!isNew || this.#over) return;
    this.#activeAt = performance.now();
    switch (input.kind) {
      case 'open':
        this.#say({ kind: 'opened' });
        return;
      case 'command':
        this.#queue(input);
        return;
      case 'interrupt':
        this.#running.get(Number(input.text))?.abort('interrupted');
        return;
      case 'close':
        this.#over = true;
        for (const controller of this.#running.values()) controller.abort('closed');
        this.#letGo();
        return;
      default:
        throw new Error(`unknown input ${input.kind satisfies never as string}`);
    }
  }

  stored(seq: number): void {
    while (this.#unstored[0] && this.#unstored[0].seq <= seq) {
      this.#unstoredChars -= this.#unstored[0].chars;
      this.#unstored.shift();
    }
    if (this.#unstoredChars < MAX_UNSTORED_CHARS) this.#letGo();
  }

  repeat(): void {
    this.#confirm();
    for (const { seq, word } of this.#unstored) this.#frame(seq, word);
  }

  endIfIdle(): void {
    if (this.#over || this.#running.size > 0 || performance.now() - this.#activeAt < LIVE_IDLE_MS) return;
    this.#over = true;
    this.#say({ kind: 'ended', reason: 'It was idle for half an hour.' });
  }

  async stop(): Promise<void> {
    this.#over = true;
    for (const controller of this.#running.values()) controller.abort('stopping');
    this.#letGo();
    await this.#commands.run(async () => undefined);
    await Promise.all(this.#jobs.map(({ done }) => done));
  }

  #queue(input: LiveInput): void {
    const command = input.seq;
    if (this.#queued >= MAX_QUEUED_COMMANDS) {
      this.#refuse(command, `${MAX_QUEUED_COMMANDS} commands are waiting already`);
      return;
    }
    this.#queued += 1;
    void this.#commands
      .run(async () => {
        if (this.#over) return this.#say({ kind: 'done', command, outcome: 'Interrupted' });
        const line = readLiveLine(input.text);
        if (typeof line === 'string') return this.#refuse(command, line);
        if (liveCommands[line.name].level === 'advanced' && !input.advanced)
          return this.#refuse(command, `${line.name} takes the right to advanced commands`);
        if (!line.background) return this.#carryOut(input, line);
        if (this.#jobs.filter(({ state }) => state === 'Running').length >= MAX_JOBS)
          return this.#refuse(command, `${MAX_JOBS} jobs are running already`);
        const job: Job = {
          id: this.#jobs.length + 1,
          line: input.text,
          state: 'Running',
          done: this.#carryOut(input, line, (outcome) => {
            job.state = outcome;
          }),
        };
        this.#jobs.push(job);
      })
      .finally(() => {
        this.#queued -= 1;
      });
  }

  #refuse(command: number, reason: string): void {
    this.#say({ kind: 'output', command, stream: 'err', text: `${reason}\n`.slice(0, 4_000) });
    this.#say({ kind: 'done', command, outcome: 'Failed' });
  }

  async #carryOut(input: LiveInput, line: LiveLine, ended?: (outcome: LiveOutcome) => void): Promise<void> {
    const command = input.seq;
    const controller = new AbortController();
    this.#running.set(command, controller);
    const entry = { command, line: input.text, outcome: 'Running' as LiveOutcome | 'Running' };
    this.#history.push(entry);
    const began = performance.now();
    const output = new CommandOutput({
      command,
      format: line.output,
      hold: line.toFile !== null,
      say: (word) => this.#say(word),
      room: () => this.#room(),
    });
    let outcome: LiveOutcome = 'Completed';
    let handedIn: HandedIn | undefined;
    try {
      handedIn =
        (await commandHandlers[line.name]({
          line,
          input,
          output,
          signal: controller.signal,
          sessionId: this.#id,
          folder: this.#options.folder,
          tools: this.#options.tools,
          session: this.#view(),
        })) ?? undefined;
      const held = output.end();
      if (line.toFile !== null) handedIn = await this.#handIn(command, line.toFile, held, controller.signal);
    } catch (error) {
      outcome = controller.signal.aborted ? 'Interrupted' : 'Failed';
      output.end();
      const reason = controller.signal.aborted ? 'it was broken off' : messageOf(error);
      this.#say({ kind: 'output', command, stream: 'err', text: cleaned(`${line.name}: ${reason}\n`) });
    }
    this.#running.delete(command);
    this.#activeAt = performance.now();
    entry.outcome = outcome;
    ended?.(outcome);
    if (this.#trace) {
      const took = Math.round(performance.now() - began);
      this.#say({ kind: 'output', command, stream: 'err', text: `[${took} ms]\n` });
    }
    this.#say({
      kind: 'done',
      command,
      outcome,
      ...(handedIn ? { result: cleaned(handedIn.fileName).slice(0, 255) } : {}),
    });
  }

  async #handIn(command: number, fileName: string, content: string, signal: AbortSignal): Promise<HandedIn> {
    const folder = join(this.#options.folder, 'console');
    await makePrivateFolder(folder);
    const path = join(folder, `${this.#id}-${command}`);
    try {
      await writeDurably(path, content);
      await this.#options.tools.handIn(this.#id, command, path, signal);
    } finally {
      await rm(path, { force: true });
    }
    return { fileName };
  }

  #view() {
    const session = this;
    return {
      get cwd() {
        return session.#cwd;
      },
      set cwd(path: string) {
        session.#cwd = path;
      },
      get trace() {
        return session.#trace;
      },
      set trace(on: boolean) {
        session.#trace = on;
      },
      history: this.#history,
      jobs: this.#jobs,
    };
  }

  async #room(): Promise<void> {
    while (this.#unstoredChars >= MAX_UNSTORED_CHARS && !this.#over)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #letGo(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #say(word: LiveWord): void {
    const seq = ++this.#said;
    const chars = word.kind === 'output' ? word.text.length : 0;
    this.#unstored.push({ seq, chars, word });
    this.#unstoredChars += chars;
    this.#frame(seq, word);
  }

  #frame(seq: number, word: LiveWord): void {
    this.#options.say({ type: 'live', sessionId: this.#id, seq, taken: this.#taken, word });
  }

  #confirm(): void {
    this.#options.say({ type: 'liveTaken', sessionId: this.#id, taken: this.#taken, unknown: false });
  }
}

function cleaned(text: string): string {
  return Buffer.from(text).toString().replaceAll('\0', '\ufffd').slice(0, 8_000);
}
