/**
 * The persistent command channel: one WebSocket to the server, opened again whenever it ends.
 *
 *   Waiting ──time, or retryNow──▶ Connecting ──open──▶ Open ──closed, or 45 s of silence──▶ Waiting
 *      ▲                              │ │                └──farewell──────────────────────▶ Ended
 *      └──────no answer, refused──────┘ └──403: offboarded────────────────────────────────▶ Ended
 *
 * The first attempt after a loss comes quickly, later ones ever more slowly; a connection that lasted resets that.
 */
import { DEVICE_PATHS, type FromDevice, type ToDevice } from '@merlon/contract';
import type { WebSocket } from 'ws';
import { messageOf } from '../agent-error.ts';
import type { AgentLog } from '../agent-log.ts';
import { errorInReply, type ServerLink, single } from '../server/server-link.ts';
import { retryAfterMs } from '../spool/verdict.ts';
import { Backoff } from '../time/backoff.ts';
import { Wake } from '../time/wake.ts';
import { parseFrame } from './frames.ts';

export type ChannelState = 'Waiting' | 'Connecting' | 'Open' | 'Ended';

export interface ChannelOptions {
  readonly link: Pick<ServerLink, 'openChannel'>;
  readonly log: AgentLog;
  /** The first frame of a connection. */
  readonly hello: () => Promise<FromDevice>;
  readonly opened: (remoteAddress: string | undefined) => void;
  /** Frames are handed over one at a time, in order. */
  readonly take: (frame: Exclude<ToDevice, { type: 'farewell' }>) => Promise<void>;
  /** The device was offboarded. Called once; the channel has ended. */
  readonly dismissed: (reason: string) => void;
  readonly backoff?: Backoff;
}

const PING_EVERY_MS = 15_000;
const SILENCE_LIMIT_MS = 45_000;
const LOOK_EVERY_MS = 5_000;
/** A connection that lasted this long shows that the server takes us. */
const LASTING_MS = 30_000;
/** What waits in the socket for a server that does not read; over it the connection is given up. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
/** Frames not yet taken in; a server that sends more at once is cut off. */
const MAX_WAITING_FRAMES = 256;

export class Channel {
  readonly #options: ChannelOptions;
  readonly #backoff: Backoff;
  readonly #stop = new AbortController();
  readonly #wake = new Wake();
  #state: ChannelState = 'Waiting';
  #since = new Date();
  #problem: string | null = null;
  #socket: WebSocket | null = null;
  #running: Promise<void> | null = null;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#backoff = options.backoff ?? new Backoff({ firstMs: 250, maxMs: 60_000 });
  }

  get state(): ChannelState {
    return this.#state;
  }

  /** When the present state began. */
  get since(): Date {
    return this.#since;
  }

  /** Why it is not open; null while it is. */
  get problem(): string | null {
    return this.#problem;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** False: not connected; nothing was sent. */
  say(frame: FromDevice): boolean {
    const socket = this.#socket;
    if (this.#state !== 'Open' || !socket || socket.readyState !== socket.OPEN) return false;
    if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      socket.terminate();
      return false;
    }
    socket.send(JSON.stringify(frame));
    return true;
  }

  /** Ends a wait between attempts. */
  retryNow(): void {
    this.#wake.ring();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake.ring();
    this.#socket?.close(1000, 'the agent stops');
    const socket = this.#socket;
    const impatience = setTimeout(() => socket?.terminate(), 1000);
    await this.#running;
    clearTimeout(impatience);
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#enter('Connecting');
      const outcome = await this.#connectOnce();
      if (outcome.kind === 'dismissed') {
        this.#problem = outcome.reason;
        this.#enter('Ended');
        if (!this.#stop.signal.aborted) this.#options.dismissed(outcome.reason);
        return;
      }
      if (this.#stop.signal.aborted) break;
      if (this.#problem !== outcome.reason) {
        this.#options.log.warn('the command channel is not open', { reason: outcome.reason });
      }
      this.#problem = outcome.reason;
      this.#enter('Waiting');
      await this.#wake.wait(Math.max(this.#backoff.next(), outcome.afterMs ?? 0));
    }
    this.#enter('Ended');
  }

  async #connectOnce(): Promise<
    { kind: 'lost'; reason: string; afterMs: number | null } | { kind: 'dismissed'; reason: string }
  > {
    const { link } = this.#options;
    try {
      const opening = await link.openChannel(this.#stop.signal);
      if (opening.kind === 'open') return await this.#live(opening.socket, opening.remoteAddress);
      const { reply } = opening;
      const { code, message } = errorInReply(reply);
      if (reply.status === 403 && code === 'Forbidden') return { kind: 'dismissed', reason: message };
      return {
        kind: 'lost',
        reason: `${DEVICE_PATHS.channel} answered ${reply.status} ${code}: ${message}`,
        afterMs: retryAfterMs(single(reply.headers['retry-after']), new Date()),
      };
    } catch (error) {
      return { kind: 'lost', reason: messageOf(error), afterMs: null };
    }
  }

  /** Resolves when the connection is over. */
  #live(
    socket: WebSocket,
    remoteAddress: string | undefined,
  ): Promise<{ kind: 'lost'; reason: string; afterMs: null } | { kind: 'dismissed'; reason: string }> {
    const { log, hello, opened, take } = this.#options;
    const openedAt = performance.now();
    let heardAt = openedAt;
    let farewell: string | null = null;
    let ownReason: string | null = null;
    let waiting = 0;
    let taking = hello().then((frame) => {
      if (socket.readyState !== socket.OPEN) return;
      socket.send(JSON.stringify(frame));
      this.#socket = socket;
      this.#problem = null;
      this.#enter('Open');
      log.info('the command channel is open', { remoteAddress });
      opened(remoteAddress);
    });
    taking.catch((error: unknown) => giveUp(`the first frame could not be made: ${messageOf(error)}`));

    const giveUp = (reason: string) => {
      ownReason ??= reason;
      socket.terminate();
    };
    const heard = () => {
      heardAt = performance.now();
    };
    let pingedAt = openedAt;
    const heartbeat = setInterval(() => {
      const now = performance.now();
      if (now - heardAt >= SILENCE_LIMIT_MS) return giveUp('the server was silent for 45 s');
      if (now - pingedAt < PING_EVERY_MS || socket.readyState !== socket.OPEN) return;
      pingedAt = now;
      socket.ping();
    }, LOOK_EVERY_MS);
    socket.on('ping', heard);
    socket.on('pong', heard);
    socket.on('message', (data, isBinary) => {
      heard();
      const frame = isBinary ? 'a frame is binary' : parseFrame(String(data));
      if (typeof frame === 'string') {
        // A newer server may say what this agent does not know yet; the rest of what it says still counts.
        log.error('a frame from the server was ignored', { reason: frame });
        return;
      }
      if (frame.type === 'farewell') {
        farewell = frame.reason;
        socket.close(1000);
        return;
      }
      if (++waiting > MAX_WAITING_FRAMES)
        return giveUp('the server sends faster than the device can take it');
      taking = taking
        .then(() => take(frame))
        .catch((error: unknown) => log.error('a frame could not be taken', { type: frame.type, error }))
        .finally(() => {
          waiting -= 1;
        });
    });
    return new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        clearInterval(heartbeat);
        this.#socket = null;
        if (performance.now() - openedAt > LASTING_MS) this.#backoff.reset();
        if (farewell !== null) return resolve({ kind: 'dismissed', reason: farewell });
        const said = reason.toString();
        resolve({
          kind: 'lost',
          reason: ownReason ?? `the connection was closed (${code}${said ? `: ${said}` : ''})`,
          afterMs: null,
        });
      });
    });
  }

  #enter(state: ChannelState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#since = new Date();
  }
}
