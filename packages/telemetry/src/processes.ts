/**
 * What is known of the processes of foreign hosts, so that an event that names only a process id or GUID still says who did it. Bounded: the
 * oldest are forgotten first, and counted. A process id is used again by other processes, so one found by its id must have started before the event
 * and not ended long before it.
 */
import type { Row } from './mapping.ts';

/** Columns `InitiatingProcess…` of whatever the process does from now on. */
export type ProcessFacts = Readonly<Row>;

interface Known {
  readonly facts: ProcessFacts;
  readonly startedMs: number;
  endedMs: number | null;
  /** `sysmon` or `security`: who told of its start. */
  readonly toldBy: string;
}

export interface ProcessesOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Over all hosts. */
  readonly most?: number;
}

const MOST = 200_000;
/** Events of a process may arrive after its end. */
const GRACE_MS = 10_000;
/** Clocks of two logs of one host agree within this. */
const SAME_START_MS = 3_000;
/** Nothing was heard of a process for so long: its id is likely another's. */
const FORGET_MS = 7 * 86_400_000;

export class Processes {
  readonly #now: () => number;
  readonly #most: number;
  readonly #byGuid = new Map<string, Known>();
  readonly #byPid = new Map<string, Known>();
  readonly #heard = new WeakMap<Known, number>();
  forgotten = 0;

  constructor({ now, most = MOST }: ProcessesOptions) {
    this.#now = now;
    this.#most = most;
  }

  get size(): number {
    return this.#byGuid.size + this.#byPid.size;
  }

  started(
    host: string,
    { guid, pid }: { guid: string | null; pid: number | null },
    startedMs: number,
    toldBy: string,
    facts: ProcessFacts,
  ): void {
    const known: Known = { facts, startedMs, endedMs: null, toldBy };
    this.#heard.set(known, this.#now());
    if (guid !== null) this.#put(this.#byGuid, `${host} ${guid}`, known);
    if (pid === null) return;
    const key = `${host} ${pid}`;
    const before = this.#byPid.get(key);
    // Two logs tell of one start: what the richer one said stays.
    if (before?.toldBy === 'sysmon' && toldBy !== 'sysmon' && near(before, startedMs)) return;
    this.#put(this.#byPid, key, known);
  }

  ended(host: string, { guid, pid }: { guid: string | null; pid: number | null }, endedMs: number): void {
    const known =
      (guid === null ? undefined : this.#byGuid.get(`${host} ${guid}`)) ??
      (pid === null ? undefined : this.#byPid.get(`${host} ${pid}`));
    if (known && known.startedMs <= endedMs) known.endedMs = endedMs;
  }

  byGuid(host: string, guid: string): ProcessFacts | null {
    return this.#byGuid.get(`${host} ${guid}`)?.facts ?? null;
  }

  /** @param atMs when the event happened */
  byPid(host: string, pid: number, atMs: number): ProcessFacts | null {
    const key = `${host} ${pid}`;
    const known = this.#byPid.get(key);
    if (!known || known.startedMs > atMs + SAME_START_MS) return null;
    if (known.endedMs !== null && atMs > known.endedMs + GRACE_MS) return null;
    if (this.#now() - (this.#heard.get(known) ?? 0) > FORGET_MS) {
      this.#byPid.delete(key);
      return null;
    }
    return known.facts;
  }

  /** Whether that log told of this very start. */
  startToldBy(host: string, pid: number, startedMs: number, toldBy: string): boolean {
    const known = this.#byPid.get(`${host} ${pid}`);
    return known !== undefined && known.toldBy === toldBy && near(known, startedMs);
  }

  #put(map: Map<string, Known>, key: string, known: Known): void {
    // Putting it in anew moves it to the end: a map keeps the order in which it was filled.
    map.delete(key);
    map.set(key, known);
    if (map.size <= this.#most / 2) return;
    const [oldest] = map.keys();
    if (oldest === undefined) return;
    map.delete(oldest);
    this.forgotten += 1;
  }
}

function near(known: Known, startedMs: number): boolean {
  return Math.abs(known.startedMs - startedMs) <= SAME_START_MS;
}
