import { nowIso7 } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import type { Selectable, Transaction } from 'kysely';
import type { SqlPage } from '../../odata/page.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Audit, AuditEntry } from './index.ts';
import type { AuditDatabase } from './records.ts';

/** One record as it is read. */
export interface AuditRecord {
  readonly id: string;
  readonly time: string;
  readonly actorKind: AuditEntry['actor']['kind'];
  readonly actorId: string;
  readonly actorName: string;
  /** Client id of the program through which a person acted. */
  readonly appId: string | null;
  readonly action: string;
  readonly targetKind: string | null;
  readonly targetId: string | null;
  readonly outcome: AuditEntry['outcome'];
  readonly details: Readonly<Record<string, unknown>>;
  readonly sourceIp: string | null;
  readonly correlationId: string | null;
}

export interface AuditTrail extends Audit {
  /** Newest first. `total` only when the page asks for the count. */
  page(tenantId: string, page: SqlPage): Promise<{ rows: AuditRecord[]; total: number | null }>;
}

/** Longest `details` kept, in characters of JSON. Longer ones are replaced by a note of their size, so one request cannot fill the trail. */
const MAX_DETAILS = 65_536;

/** `onRecord`: a record was written, though perhaps not committed yet. */
export function createAuditTrail({
  state,
  clock,
  onRecord,
}: {
  state: StateStore;
  clock: Clock;
  onRecord(): void;
}): AuditTrail {
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
        app_id: entry.appId ?? null,
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
    onRecord();
  }

  return {
    record: (entry, db) =>
      db
        ? insert(db as Transaction<AuditDatabase>, entry)
        : state.tenant<AuditDatabase, void>(entry.tenantId, (own) => insert(own, entry)),

    page: (tenantId, { where, after, limit, offset, count }) =>
      state.tenant<AuditDatabase, { rows: AuditRecord[]; total: number | null }>(tenantId, async (db) => {
        const matching = () => {
          const all = db.selectFrom('audit_records');
          return where ? all.where(where) : all;
        };
        const place = after ? matching().where(after) : matching();
        const rows = await place.selectAll().orderBy('id', 'desc').limit(limit).offset(offset).execute();
        const total = count
          ? await matching()
              .select((e) => e.fn.countAll<string>().as('total'))
              .executeTakeFirstOrThrow()
          : null;
        return { rows: rows.map(toRecord), total: total && Number(total.total) };
      }),
  };
}

function toRecord(row: Selectable<AuditDatabase['audit_records']>): AuditRecord {
  return {
    id: String(row.id),
    time: nowIso7(row.time),
    actorKind: row.actor_kind,
    actorId: row.actor_id,
    actorName: row.actor_name,
    appId: row.app_id,
    action: row.action,
    targetKind: row.target_kind,
    targetId: row.target_id,
    outcome: row.outcome,
    details: row.details,
    sourceIp: row.source_ip,
    correlationId: row.correlation_id,
  };
}
