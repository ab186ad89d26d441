import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StateStore } from '@merlon/state-store';
import { openTestStateStore } from '@merlon/state-store/testing';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RouteRequest } from '../../http/route.ts';
import { createLogger } from '../../telemetry/log.ts';
import type { ExportedRecord } from './export.ts';
import { type AuditEntry, type AuditFeature, auditMigrations, createAudit } from './index.ts';
import type { AuditVerdict } from './verify.ts';

const tenantA = '11111111-1111-4111-8111-111111111111';
const tenantB = '22222222-2222-4222-8222-222222222222';

/** What an administrator of the database could do, and the server cannot. */
const withoutGuards = {
  name: '9999-01-01-no-guards',
  // biome-ignore lint/suspicious/noExplicitAny: as every migration
  async up(db: any) {
    await sql`drop trigger audit_records_final on audit_records`.execute(db);
    await sql`drop trigger audit_seals_final on audit_seals`.execute(db);
  },
};

let home: string;
let state: StateStore;
let audit: AuditFeature;

async function open(migrations = auditMigrations): Promise<void> {
  home = mkdtempSync(join(tmpdir(), 'merlon-audit-'));
  state = await openTestStateStore(migrations);
  audit = createAudit({
    state,
    clock: { now: () => new Date('2026-11-25T10:00:00.123Z') },
    log: createLogger({ level: 'silent', pretty: false }),
    home,
    tenantOf: async (name) => name ?? tenantA,
  });
  await audit.start?.();
}

function entry(tenantId: string, number: number): AuditEntry {
  return {
    tenantId,
    actor: { kind: 'user', id: 'u1', name: 'ann@contoso.example' },
    appId: 'portal',
    action: 'machine.isolate',
    target: { kind: 'machine', id: `d${number}` },
    outcome: 'success',
    details: { zebra: number, apple: { b: [1.5, null, 'ü'], a: true } },
  };
}

const verify = (tenant: string) =>
  audit.admin?.['audit.verify']?.({ tenant }, never) as Promise<AuditVerdict>;
const never = { signal: new AbortController().signal };

async function exported(tenant: string, after = 0): Promise<ExportedRecord[]> {
  const records: ExportedRecord[] = [];
  const stream = audit.admin?.['audit.export']?.({ tenant, after }, never) as AsyncIterable<ExportedRecord>;
  for await (const record of stream) records.push(record);
  return records;
}

async function tamper(statement: string): Promise<void> {
  await state.system(async (db) => void (await sql.raw(statement).execute(db)));
}

afterEach(async () => {
  await audit.stop?.();
  await state.close();
  rmSync(home, { recursive: true, force: true });
});

describe('the trail of a tenant', () => {
  beforeEach(() => open());

  it('chains what is written at the same moment, each tenant by itself, and gives it out in that order', async () => {
    await Promise.all(
      Array.from({ length: 60 }, (_, number) =>
        audit.record(entry(number % 3 === 0 ? tenantB : tenantA, number)),
      ),
    );
    expect(await verify(tenantA)).toMatchObject({ ok: true, sealed: 40, unsealed: 0, broken: null });
    expect(await verify(tenantB)).toMatchObject({ ok: true, sealed: 20 });
    const records = await exported(tenantA);
    expect(records.map((one) => one.position)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(records.slice(1).every((one, index) => one.previous === records[index]?.hash)).toBe(true);
    expect(records.every((one) => one.tenantId === tenantA && one.appId === 'portal')).toBe(true);
    expect((await exported(tenantA, 38)).map((one) => one.position)).toEqual([39, 40]);
  });

  it('is read by pages, between which records may come', async () => {
    const count = 1_003;
    for (let number = 1; number <= count; number++) await audit.record(entry(tenantA, number));
    const list = audit.routes?.find(({ id }) => id === 'audit.list');
    const read = async (url: string) => {
      const request = { url, origin: 'https://merlon.example', caller: { tenantId: tenantA } };
      const reply = await list?.handle(request as unknown as RouteRequest);
      return (reply as { body: { value: { targetId: string }[]; '@odata.nextLink'?: string } }).body;
    };
    const first = await read("/api/merlon/audit?$filter=action eq 'machine.isolate'");
    expect(first.value.map(({ targetId }) => targetId)[0]).toBe(`d${count}`);
    const next = first['@odata.nextLink'] ?? '';
    expect(next).toContain('$skiptoken=');
    await audit.record(entry(tenantA, count + 1));
    const second = await read(next.replace('https://merlon.example', ''));
    expect(second.value.map(({ targetId }) => targetId)).toEqual(['d3', 'd2', 'd1']);
    expect(second['@odata.nextLink']).toBeUndefined();
    const [newest] = (await read('/api/merlon/audit?$top=1')).value as unknown as { id: string }[];
    expect((await read(`/api/merlon/audit?$filter=id eq '${newest?.id}'`)).value).toHaveLength(1);
    const none = "/api/merlon/audit?$filter=id eq '99999999999999999999'";
    expect((await read(none)).value).toHaveLength(0);
  });

  it('holds nothing of a change that was taken back', async () => {
    await expect(
      state.tenant(tenantA, async (db) => {
        await audit.record(entry(tenantA, 1), db);
        throw new Error('taken back');
      }),
    ).rejects.toThrow('taken back');
    await audit.record(entry(tenantA, 2));
    expect((await exported(tenantA)).map((one) => one.targetId)).toEqual(['d2']);
    expect(await verify(tenantA)).toMatchObject({ ok: true, sealed: 1 });
  });

  it.each([
    'update audit_records set actor_name = $$x$$',
    'delete from audit_records',
    'delete from audit_seals',
  ])('cannot be changed by the server: %s', async (statement) => {
    await audit.record(entry(tenantA, 1));
    await verify(tenantA);
    await expect(tamper(statement)).rejects.toThrow('append-only');
  });
});

describe('a trail that the database was made to change', () => {
  beforeEach(async () => {
    await open([...auditMigrations, withoutGuards]);
    for (let number = 1; number <= 5; number++) await audit.record(entry(tenantA, number));
    expect(await verify(tenantA)).toMatchObject({ ok: true, sealed: 5 });
  });

  it.each([
    ['a record changed', `update audit_records set actor_name = 'x' where target_id = 'd3'`, 'changed', 3],
    ['a detail changed', `update audit_records set details = '{}' where target_id = 'd1'`, 'changed', 1],
    ['a record removed', `delete from audit_records where target_id = 'd4'`, 'removed', 4],
    ['a seal removed', 'delete from audit_seals where position = 2', 'gap', 2],
    ['cut short', 'delete from audit_seals where position > 3', 'cut short', 4],
    ['emptied', 'delete from audit_seals', 'cut short', 1],
  ])('is found out: %s', async (_, statement, kind, position) => {
    await tamper(statement);
    expect(await verify(tenantA)).toMatchObject({ ok: false, broken: { kind, position } });
  });

  it('is found out when a record goes before its seal', async () => {
    await audit.record(entry(tenantA, 6));
    await tamper(`delete from audit_records where target_id = 'd6'`);
    expect(await verify(tenantA)).toMatchObject({ ok: false, broken: { kind: 'removed', position: 6 } });
  });
});
