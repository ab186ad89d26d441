/** The tables of the trail, and a row of it as the chain and the readers see it. */
import type { StateStore } from '@merlon/state-store';
import type { ColumnType, Generated, Transaction } from 'kysely';
import type { ChainedRecord, Seal } from './chain.ts';
import type { AuditEntry } from './index.ts';

export interface AuditDatabase {
  audit_records: {
    tenant_id: string;
    id: Generated<string>;
    time: Date;
    actor_kind: AuditEntry['actor']['kind'];
    actor_id: string;
    actor_name: string;
    app_id: string | null;
    action: string;
    target_kind: string | null;
    target_id: string | null;
    outcome: AuditEntry['outcome'];
    details: ColumnType<Record<string, unknown>, string, never>;
    source_ip: string | null;
    correlation_id: string | null;
  };
  /** bigint arrives as text. */
  audit_seals: { tenant_id: string; position: string; record_id: string; hash: string };
  audit_unsealed: { tenant_id: string; record_id: string };
}

export const recordColumns = [
  'record.tenant_id',
  'record.id',
  'record.time',
  'record.actor_kind',
  'record.actor_id',
  'record.actor_name',
  'record.app_id',
  'record.action',
  'record.target_kind',
  'record.target_id',
  'record.outcome',
  'record.details',
  'record.source_ip',
  'record.correlation_id',
] as const;

/** Each column null where an outer join found no record. */
interface RecordRow {
  readonly tenant_id: string | null;
  readonly id: string | null;
  readonly time: Date | null;
  readonly actor_kind: string | null;
  readonly actor_id: string | null;
  readonly actor_name: string | null;
  readonly app_id: string | null;
  readonly action: string | null;
  readonly target_kind: string | null;
  readonly target_id: string | null;
  readonly outcome: string | null;
  readonly details: unknown;
  readonly source_ip: string | null;
  readonly correlation_id: string | null;
}

/** Null where there is no record. */
export function chained(row: RecordRow): ChainedRecord | null {
  if (row.tenant_id === null || row.id === null || row.time === null) return null;
  return {
    tenantId: row.tenant_id,
    id: row.id,
    time: row.time.toISOString(),
    actorKind: row.actor_kind ?? '',
    actorId: row.actor_id ?? '',
    actorName: row.actor_name ?? '',
    appId: row.app_id,
    action: row.action ?? '',
    targetKind: row.target_kind,
    targetId: row.target_id,
    outcome: row.outcome ?? '',
    details: row.details,
    sourceIp: row.source_ip,
    correlationId: row.correlation_id,
  };
}

/** Seals after a position, each with its record, in the order of the chain. */
export async function sealedPage(
  state: StateStore,
  tenantId: string,
  after: string,
  limit: number,
): Promise<{ seal: Seal; record: ChainedRecord | null }[]> {
  const rows = await state.tenant<AuditDatabase, Awaited<ReturnType<typeof readPage>>>(tenantId, (db) =>
    readPage(db, after, limit),
  );
  return rows.map((row) => ({
    seal: { position: Number(row.position), recordId: row.record_id, hash: row.hash },
    record: chained(row),
  }));
}

function readPage(db: Transaction<AuditDatabase>, after: string, limit: number) {
  return db
    .selectFrom('audit_seals as seal')
    .leftJoin('audit_records as record', (join) =>
      join.onRef('record.tenant_id', '=', 'seal.tenant_id').onRef('record.id', '=', 'seal.record_id'),
    )
    .where('seal.position', '>', after)
    .select(['seal.position', 'seal.record_id', 'seal.hash', ...recordColumns])
    .orderBy('seal.position')
    .limit(limit)
    .execute();
}
