import type { StateStore } from '@merlon/state-store';
import type { Generated, Transaction } from 'kysely';
import type { Clock } from '../../telemetry/clock.ts';
import type { Audit, AuditEntry } from './index.ts';

interface AuditTable {
  tenant_id: string;
  id: Generated<string>;
  time: Date;
  actor_kind: AuditEntry['actor']['kind'];
  actor_id: string;
  actor_name: string;
  action: string;
  target_kind: string | null;
  target_id: string | null;
  outcome: AuditEntry['outcome'];
  details: string;
  source_ip: string | null;
  correlation_id: string | null;
}

export interface AuditDatabase {
  audit_records: AuditTable;
}

/** One record as it is read. */
export interface AuditRecord {
  readonly id: string;
  readonly time: string;
  readonly actor: AuditEntry['actor'];
  readonly action: string;
  readonly target: { readonly kind: string; readonly id: string } | null;
  readonly outcome: AuditEntry['outcome'];
  readonly details: Readonly<Record<string, unknown>>;
  readonly sourceIp: string | null;
  readonly correlationId: string | null;
}

/** Equality only; every given field must match. */
export interface AuditFilter {
  readonly action?: string;
  readonly targetKind?: string;
  readonly targetId?: string;
  readonly actorId?: string;
  readonly outcome?: string;
}

export interface AuditTrail extends Audit {
  /** Newest first. */
  list(tenantId: string, filter: AuditFilter, page: { top: number; skip: number }): Promise<AuditRecord[]>;
}

/** Longest `details` kept, in characters of JSON. Longer ones are replaced by a note of their size, so one request cannot fill the trail. */
const MAX_DETAILS = 8_192;

export function createAuditTrail({ state, clock }: { state: StateStore; clock: Clock }): AuditTrail {
  async function insert(db: Transaction<AuditDatabase>, entry: AuditEntry): Promise<void> {
    const details = JSON.stringify(entry.details ?? {});
    await db
      .insertInto('audit_records')
      .values({
        tenant_id: entry.tenantId,
        time: clock.now(),
        actor_kind: entry.actor.kind,
        actor_id: entry.actor.id,
        actor_name: entry.actor.name,
        action: entry.action,
        target_kind: entry.target?.kind ?? null,
        target_id: entry.target?.id ?? null,
        outcome: entry.outcome,
        details:
          details.length <= MAX_DETAILS ? details : JSON.stringify({ omittedCharacters: details.length }),
        source_ip: entry.sourceIp ?? null,
        correlation_id: entry.correlationId ?? null,
      })
      .execute();
  }

  return {
    record: (entry, db) =>
      db
        ? insert(db as Transaction<AuditDatabase>, entry)
        : state.tenant<AuditDatabase, void>(entry.tenantId, (own) => insert(own, entry)),

    list: (tenantId, filter, { top, skip }) =>
      state.tenant<AuditDatabase, AuditRecord[]>(tenantId, async (db) => {
        let query = db.selectFrom('audit_records').selectAll();
        if (filter.action !== undefined) query = query.where('action', '=', filter.action);
        if (filter.targetKind !== undefined) query = query.where('target_kind', '=', filter.targetKind);
        if (filter.targetId !== undefined) query = query.where('target_id', '=', filter.targetId);
        if (filter.actorId !== undefined) query = query.where('actor_id', '=', filter.actorId);
        if (filter.outcome !== undefined)
          query = query.where('outcome', '=', filter.outcome as AuditEntry['outcome']);
        const rows = await query.orderBy('id', 'desc').limit(top).offset(skip).execute();
        return rows.map((row) => ({
          id: String(row.id),
          time: row.time.toISOString(),
          actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name },
          action: row.action,
          target:
            row.target_kind !== null && row.target_id !== null
              ? { kind: row.target_kind, id: row.target_id }
              : null,
          outcome: row.outcome,
          details: row.details as unknown as Record<string, unknown>,
          sourceIp: row.source_ip,
          correlationId: row.correlation_id,
        }));
      }),
  };
}
