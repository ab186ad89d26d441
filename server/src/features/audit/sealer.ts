/** Gives committed audit records their place in the chain, a moment after they were written, so that no request waits for another's record. */
import type { StateStore } from '@merlon/state-store';
import { sql, type Transaction } from 'kysely';
import type { Logger } from '../../telemetry/log.ts';
import { type ChainHead, genesis, sealOf } from './chain.ts';
import type { ChainHeads } from './chain-heads.ts';
import { type AuditDatabase, chained, recordColumns } from './records.ts';

/** Records that come together are sealed together. */
const PAUSE_MS = 250;
/** For what other servers or a crash left behind. */
const SWEEP_MS = 5_000;
const BATCH = 2_000;
/** One sealer at a time on one database, whatever the number of servers. */
const LOCK = 0x6d65726c;

export interface Sealer {
  /** A record was written: seal soon. */
  soon(): void;
  /** Seals all that has committed. */
  sealAll(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
}

export function createSealer(deps: {
  state: StateStore;
  heads: () => Promise<ChainHeads>;
  log: Logger;
}): Sealer {
  let timer: NodeJS.Timeout | null = null;
  let sweep: NodeJS.Timeout | null = null;
  let running: Promise<void> = Promise.resolve();

  function sealAll(): Promise<void> {
    running = running
      .catch(() => {})
      .then(async () => {
        for (let sealed = BATCH; sealed === BATCH; ) sealed = await sealBatch();
      });
    return running;
  }

  async function sealBatch(): Promise<number> {
    const { count, heads } = await deps.state.system<
      AuditDatabase,
      { count: number; heads: Map<string, ChainHead> }
    >((db) => seal(db, deps.log));
    if (count > 0) await (await deps.heads()).keep(heads);
    return count;
  }

  const attempt = () => {
    timer = null;
    sealAll().catch((error: unknown) =>
      deps.log.error({ err: error }, 'audit records could not be sealed; will try again'),
    );
  };

  return {
    soon() {
      timer ??= setTimeout(attempt, PAUSE_MS).unref();
    },
    sealAll,
    start() {
      sweep = setInterval(attempt, SWEEP_MS).unref();
      attempt();
    },
    async stop() {
      if (timer) clearTimeout(timer);
      if (sweep) clearInterval(sweep);
      await sealAll();
    },
  };
}

async function seal(
  db: Transaction<AuditDatabase>,
  log: Logger,
): Promise<{ count: number; heads: Map<string, ChainHead> }> {
  await sql`select pg_advisory_xact_lock(${LOCK})`.execute(db);
  const waiting = await db
    .selectFrom('audit_unsealed as waiting')
    .leftJoin('audit_records as record', (join) =>
      join.onRef('record.tenant_id', '=', 'waiting.tenant_id').onRef('record.id', '=', 'waiting.record_id'),
    )
    .select(['waiting.tenant_id as of', 'waiting.record_id', ...recordColumns])
    .orderBy('waiting.tenant_id')
    .orderBy('waiting.record_id')
    .limit(BATCH)
    .execute();
  if (waiting.length === 0) return { count: 0, heads: new Map() };

  const heads = await headsOf(db, [...new Set(waiting.map((row) => row.of))]);
  const seals = waiting.map((row) => {
    const head = heads.get(row.of) ?? { position: 0, hash: genesis(row.of) };
    const position = head.position + 1;
    const record = chained(row);
    if (record === null)
      log.error(
        { tenantId: row.of, record: row.record_id },
        'an audit record was removed before it could be sealed',
      );
    // A record that vanished keeps its place, so that the check names it.
    const hash = sealOf(head.hash, position, record ?? vanished(row.of, row.record_id));
    heads.set(row.of, { position, hash });
    return { tenant_id: row.of, position: String(position), record_id: row.record_id, hash };
  });
  await db.insertInto('audit_seals').values(seals).execute();
  await sql`
    delete from audit_unsealed as waiting
    using unnest(${seals.map((one) => one.tenant_id)}::uuid[], ${seals.map((one) => one.record_id)}::bigint[]) as done (tenant_id, record_id)
    where waiting.tenant_id = done.tenant_id and waiting.record_id = done.record_id`.execute(db);
  return { count: seals.length, heads };
}

async function headsOf(
  db: Transaction<AuditDatabase>,
  tenants: readonly string[],
): Promise<Map<string, ChainHead>> {
  const { rows } = await sql<{ tenant: string; position: string; hash: string }>`
    select tenant::text, last.position, last.hash from unnest(${[...tenants]}::uuid[]) as tenant
    cross join lateral (
      select position, hash from audit_seals where tenant_id = tenant order by position desc limit 1
    ) as last`.execute(db);
  return new Map(rows.map(({ tenant, position, hash }) => [tenant, { position: Number(position), hash }]));
}

function vanished(tenantId: string, id: string) {
  return {
    tenantId,
    id,
    time: '',
    actorKind: '',
    actorId: '',
    actorName: '',
    appId: null,
    action: '',
    targetKind: null,
    targetId: null,
    outcome: '',
    details: null,
    sourceIp: null,
    correlationId: null,
  };
}
