/** The trail as a stream, whole and checkable: each record with its place in the chain. */
import type { StateStore } from '@merlon/state-store';
import { type ChainedRecord, genesis } from './chain.ts';
import { sealedPage } from './records.ts';

/** With `previous`, a reader can follow the chain without the database: docs/reference/audit.md. */
export interface ExportedRecord extends ChainedRecord {
  readonly position: number;
  readonly hash: string;
  /** Hash of the seal before; of the tenant's beginning for the first. Null for the first of an export that starts in the middle. */
  readonly previous: string | null;
}

const PAGE = 1_000;

export async function* exportChain(
  state: StateStore,
  tenantId: string,
  after: number,
): AsyncIterable<ExportedRecord> {
  let previous = after === 0 ? genesis(tenantId) : null;
  for (let from = String(after); ; ) {
    const page = await sealedPage(state, tenantId, from, PAGE);
    for (const { seal, record } of page) {
      if (record === null)
        throw new Error(
          `the record at position ${seal.position} was removed: merlon audit verify tells more`,
        );
      yield { ...record, position: seal.position, previous, hash: seal.hash };
      previous = seal.hash;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    from = String(last.seal.position);
  }
}
