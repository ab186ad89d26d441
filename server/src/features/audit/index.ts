/** What other features may use of the audit trail. */
import type { Transaction } from 'kysely';

export interface AuditActor {
  /** `administrator`: whoever may open the admin socket on this machine. `system`: the platform itself. */
  readonly kind: 'application' | 'user' | 'device' | 'administrator' | 'system';
  readonly id: string;
  readonly name: string;
}

export interface AuditEntry {
  readonly tenantId: string;
  readonly actor: AuditActor;
  /** Event name, `<thing>.<verb>` in the past tense or imperative, as the route's `audit`: `machine.isolate`. */
  readonly action: string;
  readonly target?: { readonly kind: string; readonly id: string };
  /** `refused`: not allowed or not acceptable. `failed`: allowed, but it did not come about. */
  readonly outcome: 'success' | 'refused' | 'failed';
  /** Never secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly sourceIp?: string;
  readonly correlationId?: string;
}

export interface Audit {
  /** With `db`, inside that transaction, so the change and its record stand or fall together. */
  // biome-ignore lint/suspicious/noExplicitAny: any feature's transaction will do; only its connection is used
  record(entry: AuditEntry, db?: Transaction<any>): Promise<void>;
}
