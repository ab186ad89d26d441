/** Follows a tenant's whole chain, a page at a time. */
import type { StateStore } from '@merlon/state-store';
import { type ChainBreak, ChainCheck, type ChainHead } from './chain.ts';
import type { ExportedRecord } from './export.ts';
import { type AuditDatabase, sealedPage } from './records.ts';

export interface AuditVerdict {
  readonly ok: boolean;
  /** Records that add up, from the first. */
  readonly sealed: number;
  /** Written and not yet sealed. */
  readonly unsealed: number;
  readonly head: ChainHead;
  readonly broken: ChainBreak | null;
}

/** The chain of each tenant, as routes and commands use it. */
export interface AuditChain {
  verify(tenantId: string): Promise<AuditVerdict>;
  /** Sealed records after a position, in the order of the chain. */
  records(tenantId: string, after: number): AsyncIterable<ExportedRecord>;
}

const PAGE = 2_000;

export async function verifyChain(
  state: StateStore,
  tenantId: string,
  known: ChainHead | null,
): Promise<AuditVerdict> {
  const check = new ChainCheck(tenantId, known);
  for (let after = '0'; ; ) {
    const page = await sealedPage(state, tenantId, after, PAGE);
    const whole = page.every(({ seal, record }) => check.follow(seal, record));
    const last = page.at(-1);
    if (!whole || last === undefined || page.length < PAGE) break;
    after = String(last.seal.position);
  }
  const { head, broken } = check.end();
  const unsealed = await state.tenant<AuditDatabase, number>(tenantId, async (db) => {
    const row = await db
      .selectFrom('audit_unsealed')
      .select((e) => e.fn.countAll<string>().as('count'))
      .executeTakeFirstOrThrow();
    return Number(row.count);
  });
  return { ok: broken === null, sealed: head.position, unsealed, head, broken };
}
