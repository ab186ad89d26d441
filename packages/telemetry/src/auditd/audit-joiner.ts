/**
 * Puts the records of an event together: they come as lines of their own and share an id. An event is whole when its end is told (`EOE`, `PROCTITLE`), when
 * another of the same log begins long after it, or when the caller says that nothing more comes. Bounded in events and in records of one event.
 */
import type { AuditRecord } from './audit-record.ts';

export interface AuditEvent {
  readonly id: string;
  readonly node: string | null;
  readonly records: readonly AuditRecord[];
  /** Records beyond the bound that were not kept. */
  readonly dropped: number;
}

interface Open {
  readonly node: string | null;
  readonly records: AuditRecord[];
  readonly sinceMs: number;
  dropped: number;
}

const MOST_OPEN = 1_000;
const MOST_RECORDS = 256;
/** The kernel sends the records of an event together. */
const WAIT_MS = 2_000;
/** Records that are an event of their own: what programs tell, not the kernel. */
const ALONE = /^(?:USER_|ADD_|DEL_|CRED_|SERVICE_|GRP_|ANOM_|DAEMON_|LOGIN$|CHUSER_ID|SYSTEM_)/;

export class AuditJoiner {
  readonly #now: () => number;
  readonly #open = new Map<string, Open>();

  constructor(now: () => number) {
    this.#now = now;
  }

  get waiting(): number {
    return this.#open.size;
  }

  /** Events that became whole by this record. */
  add(record: AuditRecord): AuditEvent[] {
    if (ALONE.test(record.type)) return [{ id: record.id, node: record.node, records: [record], dropped: 0 }];
    const key = `${record.node ?? ''} ${record.id}`;
    if (record.type === 'EOE') return this.#close(key);
    const whole = this.#overdue();
    const open = this.#open.get(key) ?? { node: record.node, records: [], sinceMs: this.#now(), dropped: 0 };
    if (open.records.length >= MOST_RECORDS) open.dropped += 1;
    else open.records.push(record);
    this.#open.set(key, open);
    if (record.type === 'PROCTITLE') whole.push(...this.#close(key));
    return whole;
  }

  /** Everything that waits, as far as it came. */
  flush(): AuditEvent[] {
    return [...this.#open.keys()].flatMap((key) => this.#close(key));
  }

  #overdue(): AuditEvent[] {
    const whole: AuditEvent[] = [];
    const before = this.#now() - WAIT_MS;
    for (const [key, { sinceMs }] of this.#open) {
      if (sinceMs > before && this.#open.size < MOST_OPEN) break;
      whole.push(...this.#close(key));
    }
    return whole;
  }

  #close(key: string): AuditEvent[] {
    const open = this.#open.get(key);
    if (!open) return [];
    this.#open.delete(key);
    return [
      { id: key.slice(key.indexOf(' ') + 1), node: open.node, records: open.records, dropped: open.dropped },
    ];
  }
}
