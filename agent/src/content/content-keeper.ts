/**
 * Keeps what the server wants enforced: fetches it when told of it, has it on disk before it is in force, and puts it in force again at the next start
 * before there is a network.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import {
  type ContentItem,
  type ContentTopic,
  contentTopics,
  DEVICE_PATHS,
  type DeviceHealth,
  isContentTopic,
} from '@merlon/contract';
import type { AgentLog } from '../agent-log.ts';
import { readJson, writeDurably } from '../files/durable.ts';
import type { ServerClock } from '../identity/server-clock.ts';
import type { ServerLink, ServerReply } from '../server/server-link.ts';
import { errorInReply, single } from '../server/server-link.ts';
import { Serial } from '../time/serial.ts';
import type { ContentVerifier } from './content-verifier.ts';
import { HeldContent, inForce, NOTHING_HELD, nextContent } from './held-content.ts';

/** Puts all items of a topic in force, in place of those before. What throws leaves the version before in force, and is tried again. */
export interface ContentEnforcer<T extends ContentTopic> {
  apply(items: readonly ContentItem<T>[], version: number): void | Promise<void>;
}
export type ContentEnforcers = { readonly [T in ContentTopic]: readonly ContentEnforcer<T>[] };

export interface ContentKeeperOptions {
  /** Folder of its own. */
  readonly folder: string;
  readonly deviceId: string;
  readonly link: Pick<ServerLink, 'request'>;
  readonly verifier: ContentVerifier;
  readonly clock: ServerClock;
  readonly enforcers: ContentEnforcers;
  readonly log: AgentLog;
  /** What is in force is of another version now. */
  readonly changed: () => void;
}

interface TopicState {
  held: HeldContent;
  /** Null: nothing was put in force yet. */
  inForce: { readonly version: number; readonly scope: string } | null;
  wanted: number;
  fetching: boolean;
  timer: NodeJS.Timeout | undefined;
  readonly steps: Serial;
}

const MAX_CONTENT_BYTES = 64 * 1024 * 1024;
/** The server that answers may be another than the one that told of it, and hear of it a moment later; and what fails passes more often than not. */
const ASKED_AGAIN_MS = [100, 400, 1_500, 5_000];
/** What could not be put in force is tried again, and clocks are set right, at the latest after this. */
const LOOK_AGAIN_MS = 60_000;
const unzip = promisify(gunzip);

export class ContentKeeper {
  readonly #options: ContentKeeperOptions;
  readonly #topics = new Map<ContentTopic, TopicState>();
  readonly #stopping = new AbortController();

  constructor(options: ContentKeeperOptions) {
    this.#options = options;
    for (const topic of contentTopics)
      this.#topics.set(topic, {
        held: NOTHING_HELD,
        inForce: null,
        wanted: 0,
        fetching: false,
        timer: undefined,
        steps: new Serial(),
      });
  }

  /** What is on disk is in force when this resolves. */
  async start(): Promise<void> {
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 });
    for (const [topic, state] of this.#topics) {
      try {
        state.held = (await readJson(this.#file(topic), HeldContent)) ?? NOTHING_HELD;
      } catch (error) {
        this.#options.log.error('what was held of a topic cannot be read; all of it is asked for again', {
          topic,
          error,
        });
      }
      if (state.held.version > 0) await state.steps.run(() => this.#enforce(topic, state));
    }
  }

  /** The server says that there is something newer. It is fetched meanwhile. */
  announced(topic: string, version: number): void {
    const state = isContentTopic(topic) ? this.#topics.get(topic) : undefined;
    // A topic of a newer server: nothing here enforces it.
    if (!state || !isContentTopic(topic)) return;
    state.wanted = Math.max(state.wanted, version);
    if (state.fetching) return;
    state.fetching = true;
    state.steps
      .run(() => this.#catchUp(topic, state))
      .catch((error: unknown) =>
        this.#options.log.warn('content could not be fetched; the server will tell of it again', {
          topic,
          error,
        }),
      )
      .finally(() => {
        state.fetching = false;
      });
  }

  /** For the health report. */
  health(): Pick<DeviceHealth, 'content' | 'contentScopes'> {
    const content: Record<string, number> = {};
    const contentScopes: Record<string, string> = {};
    for (const [topic, { inForce: now }] of this.#topics) {
      if (now === null) continue;
      content[topic] = now.version;
      contentScopes[topic] = now.scope;
    }
    return Object.keys(content).length === 0 ? {} : { content, contentScopes };
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.idle();
    for (const { timer } of this.#topics.values()) clearTimeout(timer);
  }

  /** Resolves when all that was told so far is done. */
  async idle(): Promise<void> {
    await Promise.all([...this.#topics.values()].map(({ steps }) => steps.run(async () => undefined)));
  }

  async #catchUp(topic: ContentTopic, state: TopicState): Promise<void> {
    const { signal } = this.#stopping;
    let problem: unknown = null;
    for (const pause of [0, ...ASKED_AGAIN_MS]) {
      // Spread, since a fleet hears of it at the same moment.
      if (pause > 0) await delay(pause * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      try {
        await this.#fetch(topic, state);
        problem = null;
        if (state.held.version >= state.wanted) break;
      } catch (error) {
        problem = error;
      }
    }
    if (problem !== null) throw problem;
    // Told of it again because it is not in force, though it is here.
    if (state.inForce?.version !== state.held.version) await this.#enforce(topic, state);
  }

  async #fetch(topic: ContentTopic, state: TopicState): Promise<void> {
    const { deviceId, verifier, clock, log } = this.#options;
    // Asking as if it were of no scope gets all there is, in a version of its own.
    for (const scope of [state.held.scope, '']) {
      const body = await this.#ask(topic, state.held.version, scope);
      if (body === null) return;
      const content = await verifier.verify(body, { deviceId, topic });
      if (typeof content === 'string') {
        log.error('content was refused', { topic, reason: content });
        return;
      }
      const next = nextContent(state.held, content, clock.now());
      switch (next.kind) {
        case 'next':
          await writeDurably(this.#file(topic), JSON.stringify(next.held));
          state.held = next.held;
          return this.#enforce(topic, state);
        case 'misfit':
          continue;
        case 'refused':
          log.error('content was refused', { topic, reason: next.reason });
          return;
        default:
          throw new Error(`unknown outcome ${(next satisfies never as { kind: string }).kind}`);
      }
    }
    log.error('content was refused', { topic, reason: 'all of it was asked for, and part of it came' });
  }

  /** The signed content; null: there is nothing newer. */
  async #ask(topic: ContentTopic, from: number, scope: string): Promise<string | null> {
    const path = DEVICE_PATHS.content.replace(':topic', topic);
    const reply = await this.#options.link.request({
      method: 'GET',
      path: `${path}?from=${from}&scope=${encodeURIComponent(scope)}`,
      headers: { 'accept-encoding': 'gzip' },
      signal: this.#stopping.signal,
      maxReplyBytes: MAX_CONTENT_BYTES,
    });
    if (reply.status === 204) return null;
    if (reply.status !== 200) {
      const { code, message } = errorInReply(reply);
      throw new Error(`the server answered ${reply.status} ${code} ${message}`);
    }
    return textOf(reply);
  }

  async #enforce(topic: ContentTopic, state: TopicState): Promise<void> {
    const { version, scope } = state.held;
    const { log, clock, changed } = this.#options;
    clearTimeout(state.timer);
    let wait = LOOK_AGAIN_MS;
    try {
      const { until, unreadable, count } = await this.#apply(topic, state.held);
      if (until !== null) wait = Math.min(wait, Math.max(0, until.getTime() - clock.now().getTime()));
      else wait = Number.POSITIVE_INFINITY;
      const before = state.inForce;
      state.inForce = { version, scope };
      if (before?.version !== version) {
        log.info('content is in force', { topic, version, items: count, unreadable });
        changed();
      }
    } catch (error) {
      log.error('content could not be put in force', { topic, version, error });
    }
    if (wait === Number.POSITIVE_INFINITY || this.#stopping.signal.aborted) return;
    state.timer = setTimeout(() => {
      state.steps.run(() => this.#enforce(topic, state)).catch(() => undefined);
    }, wait);
    state.timer.unref();
  }

  async #apply<T extends ContentTopic>(
    topic: T,
    held: HeldContent,
  ): Promise<{ until: Date | null; unreadable: number; count: number }> {
    const { items, until, unreadable } = inForce(topic, held, this.#options.clock.now());
    for (const enforcer of this.#options.enforcers[topic]) await enforcer.apply(items, held.version);
    return { until, unreadable, count: items.length };
  }

  #file(topic: ContentTopic): string {
    return join(this.#options.folder, `${topic}.json`);
  }
}

async function textOf({ headers, body }: ServerReply): Promise<string> {
  const encoding = single(headers['content-encoding']);
  if (encoding === undefined) return body.toString('utf8');
  if (encoding !== 'gzip') throw new Error(`the answer is encoded with ${encoding}`);
  return (await unzip(body, { maxOutputLength: MAX_CONTENT_BYTES })).toString('utf8');
}
