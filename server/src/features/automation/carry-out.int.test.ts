/** Remediations in time, on a real database: those that nobody decides on, those whose device answers late, and those two servers want to order at once. */
import { randomUUID } from 'node:crypto';
import { ApiError } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { openTestStateStore } from '@merlon/state-store/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../features.ts';
import { createLogger } from '../../telemetry/log.ts';
import type { AuditEntry } from '../audit/index.ts';
import { type CarryOutDeps, carryOut } from './carry-out.ts';
import type { RemediationState } from './remediation-state.ts';
import { automationStore, type InvestigationRow } from './store.ts';

const machineId = 'd'.repeat(40);
const DAY_MS = 86_400_000;
let tenantId = '';
let tenants = 0;
let now = new Date(0);
let state: StateStore;
let records: AuditEntry[] = [];
let ordered: string[] = [];
let orders: CarryOutDeps['ordering']['order'];

beforeAll(async () => {
  state = await openTestStateStore(MIGRATIONS);
});
afterAll(() => state.close());
beforeEach(() => {
  tenantId = `22222222-2222-4222-8222-${String(++tenants).padStart(12, '0')}`;
  now = new Date('2026-11-25T10:00:00.000Z');
  records = [];
  ordered = [];
  orders = async ({ alongside }) => {
    const id = randomUUID();
    await state.tenant(tenantId, async (db) => {
      await alongside?.(db, id);
      await action(id, 'Pending');
    });
    ordered.push(id);
    return {} as never;
  };
});

const deps = (): CarryOutDeps => ({
  store: automationStore(state),
  alerts: {
    investigations: {
      change: async (_: string, work: () => Promise<unknown>) => {
        await work();
      },
    } as never,
  },
  audit: {
    async record(entry) {
      records.push(entry);
    },
  },
  clock: { now: () => now },
  ordering: { order: (request) => orders(request) },
  log: createLogger({ level: 'silent', pretty: false }),
});

async function action(id: string, status: string): Promise<void> {
  await state.system((db) =>
    sql`insert into machine_actions (tenant_id, id, type, status, requestor, requestor_comment, request_source, machine_id, computer_dns_name, seq,
      created_at, updated_at, expires_at) values (${tenantId}, ${id}, 'StopAndQuarantineFile', ${status}, 'Automation', '', 'Automation', ${machineId},
      'pc', 1, ${now}, ${now}, ${now})`.execute(db),
  );
}
const ends = (id: string, status: string) =>
  state.system((db) => sql`update machine_actions set status = ${status} where id = ${id}`.execute(db));

/** An investigation that proposed one remediation. */
async function proposed(first: RemediationState): Promise<{ investigation: InvestigationRow; id: string }> {
  const { store } = deps();
  const investigation = await store.begin(
    tenantId,
    {
      machine_id: machineId,
      machine_name: 'pc',
      triggering_alert_id: null,
      requestor: 'test',
      comment: null,
      state: 'Queued',
      due_at: now,
    },
    { now, join: false },
    async () => {},
  );
  const [running] = await store.claim(now, now, 10);
  if (!investigation || running?.id !== investigation.id) throw new Error('it did not begin');
  const id = randomUUID();
  await store.found(
    tenantId,
    investigation,
    [],
    [
      {
        id,
        state: first,
        automatic: first === 'Approved',
        file_algorithm: 'Sha1',
        file_hash: 'a'.repeat(40),
        file_name: 'x',
        folders: ['/tmp'],
        verdict: 'Malicious',
        reason: 'why',
        expires_at: new Date(now.getTime() + 7 * DAY_MS),
      },
    ],
    { held: 0, unanswered: 0 },
    now,
  );
  await store.changeInvestigation(
    tenantId,
    investigation.id,
    () => ({
      event: { kind: 'settled', state: first === 'Approved' ? 'PendingResource' : 'PendingApproval' },
      details: null,
    }),
    now,
    async () => {},
  );
  return { investigation, id };
}
const stateOf = async (id: string) => (await deps().store.remediation(tenantId, id))?.state;

describe('remediations', () => {
  it('count as rejected when nobody decided on them in seven days', async () => {
    const { investigation, id } = await proposed('Pending');
    now = new Date(now.getTime() + 7 * DAY_MS - 1);
    expect(await carryOut(deps())).toBe(0);
    now = new Date(now.getTime() + 1);
    expect(await carryOut(deps())).toBe(1);
    expect(await stateOf(id)).toBe('Expired');
    expect(await deps().store.find(tenantId, investigation.id)).toMatchObject({
      state: 'TerminatedBySystem',
      ended_at: now,
    });
    expect(records.map((one) => [one.action, one.actor.kind])).toEqual([
      ['remediation.state', 'system'],
      ['investigation.state', 'system'],
    ]);
    expect(await carryOut(deps())).toBe(0);
  });

  it('are ordered once, whoever looks', async () => {
    const { id } = await proposed('Approved');
    await Promise.all([carryOut(deps()), carryOut(deps()), carryOut(deps())]);
    expect(ordered).toHaveLength(1);
    expect(await deps().store.remediation(tenantId, id)).toMatchObject({
      state: 'InProgress',
      action_id: ordered[0],
    });
  });

  it('are tried again later when the device is busy', async () => {
    const { id } = await proposed('Approved');
    const allowed = orders;
    orders = async () => {
      throw new ApiError('ActiveRequestAlreadyExists');
    };
    expect(await carryOut(deps())).toBe(1);
    expect(await carryOut(deps())).toBe(0);
    expect(await stateOf(id)).toBe('Approved');
    orders = allowed;
    now = new Date(now.getTime() + 5_000);
    await carryOut(deps());
    expect(await stateOf(id)).toBe('InProgress');
  });

  it('follow the word of a device that comes after its time', async () => {
    const { investigation, id } = await proposed('Approved');
    await carryOut(deps());
    const [order] = ordered;
    if (!order) throw new Error('nothing was ordered');
    await ends(order, 'TimeOut');
    await carryOut(deps());
    expect(await stateOf(id)).toBe('Failed');
    expect(await deps().store.find(tenantId, investigation.id)).toMatchObject({ state: 'Failed' });
    await ends(order, 'Succeeded');
    now = new Date(now.getTime() + DAY_MS);
    await carryOut(deps());
    expect(await stateOf(id)).toBe('Succeeded');
    expect(await carryOut(deps())).toBe(0);
  });
});
