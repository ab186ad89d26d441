/**
 * What access costs: processor time of a request with full authentication and authorisation over one with none, a scoped page of devices over an
 * unscoped one among 100,000, and how long a change of the rules takes to reach every device.
 * `node scripts/run-ts.mjs bench/access.ts [devices]`, after `npm run build`.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import type { Migration } from '@merlon/state-store';
import { openTestStateStore } from '@merlon/state-store/testing';
import { sql } from 'kysely';
import { deviceGroupsStore } from '../server/src/features/device-groups/store.ts';
import { devicesStore } from '../server/src/features/devices/store.ts';
import { MIGRATIONS } from '../server/src/features.ts';
import { openTokenForge, PORTAL_CLIENT } from '../tests/support/forged-tokens.ts';
import { startServer } from '../tests/support/server.ts';
import { figure, show } from './figures.ts';

const DEVICES = Number(process.argv[2] ?? 100_000);
const ROUNDS = 7;
const REQUESTS = 4_000;
const CONCURRENCY = 8;
const TARGET = { cpuMs: 0.15, scopedRatio: 1.3, reevaluationMs: 5_000 };

/** What the database's own housekeeping does within a minute; this run does not wait for it. */
const statistics: Migration = {
  name: '9999-01-01-bench',
  async up(db) {
    await sql`create function bench_analyze() returns void language plpgsql security definer as
      $$ begin analyze devices; analyze device_groups; end $$`.execute(db);
  },
};

await requests();
await devices();

async function requests(): Promise<void> {
  const server = await startServer({ env: { MERLON_CHECK_RESPONSES: 'off' } });
  const agent = new Agent({ ca: server.caPem, keepAlive: true, maxSockets: CONCURRENCY });
  try {
    const app = await server.createApp('Machine.Read.All');
    const person = await server.cli(
      'user',
      'create',
      '--name',
      'ann',
      '--role',
      'Merlon administrator (default)',
    );
    const forge = await openTokenForge(server);
    const token = await forge.user(app.tenantId, person.userId, ['Machine.Read'], PORTAL_CLIENT);
    const get = (path: string, authorization: string | null) =>
      new Promise<void>((done, failed) => {
        request(
          server.url + path,
          { agent, headers: authorization === null ? {} : { authorization } },
          (answer) => {
            if (answer.statusCode !== 200) failed(new Error(`${path} answered ${answer.statusCode}`));
            answer.resume().once('end', done);
          },
        )
          .once('error', failed)
          .end();
      });
    const burst = async (path: string, authorization: string | null): Promise<number> => {
      const before = cpuMs(server.pid());
      let left = REQUESTS;
      await Promise.all(
        Array.from({ length: CONCURRENCY }, async () => {
          while (left-- > 0) await get(path, authorization);
        }),
      );
      return (cpuMs(server.pid()) - before) / REQUESTS;
    };
    const bare: number[] = [];
    const checked: number[] = [];
    await burst('/healthz', null);
    await burst('/api/merlon/me', `Bearer ${token}`);
    for (let round = 0; round < ROUNDS; round++) {
      bare.push(await burst('/healthz', null));
      checked.push(await burst('/api/merlon/me', `Bearer ${token}`));
    }
    const over = figure(checked.map((value, round) => value - (bare[round] ?? 0)));
    console.log(
      `request, ${ROUNDS} rounds of ${REQUESTS}: bare ${show(figure(bare), 'ms CPU', 3)}; with sign-in, role and scope checked ${show(figure(checked), 'ms CPU', 3)}; over it ${show(over, 'ms', 3)} (target ${TARGET.cpuMs}); ratio ${(figure(checked).median / figure(bare).median).toFixed(2)}`,
    );
  } finally {
    agent.destroy();
    await server.dispose();
  }
}

async function devices(): Promise<void> {
  const state = await openTestStateStore([...MIGRATIONS, statistics]);
  try {
    const tenantId = '11111111-1111-4111-8111-111111111111';
    const groups = deviceGroupsStore(state);
    const store = devicesStore(state);
    await state.tenant(tenantId, async (db) => {
      await sql`insert into devices (id, public_key_x, state, onboarded_at, first_seen, last_seen, computer_name, os_platform, os_version,
          os_architecture, os_processor, agent_version, device_tag, manual_tags, scope_pending)
        select encode(sha256(n::text::bytea), 'hex')::char(40), n::text, 'Onboarded', now(), now(), now() - n * interval '1 second',
          'host-' || n || '.site' || n % 50 || '.example', (array['Windows10', 'Linux', 'macOS'])[1 + n % 3], '1', '64-bit', 'x64', '1',
          'site ' || n % 50, '{}', false
        from generate_series(1, ${DEVICES}) as n`.execute(db);
    });
    const change: number[] = [];
    const timed = async (work: () => Promise<unknown>): Promise<number> => {
      const began = performance.now();
      await work();
      return performance.now() - began;
    };
    for (let site = 0; site < 10; site++)
      change.push(
        await timed(() =>
          groups.create(tenantId, {
            name: `Site ${site}`,
            description: '',
            remediationLevel: 'Full',
            conditions: [{ property: 'tag', operator: 'equals', value: `site ${site}` }],
            userGroups: [],
          }),
        ),
      );
    const sites = (await groups.list(tenantId)).filter(({ ungrouped }) => !ungrouped);
    change.push(await timed(() => groups.rank(tenantId, sites.at(-1)?.id ?? 0, 1)));
    change.push(
      await timed(() =>
        groups.update(tenantId, sites[0]?.id ?? 0, {
          conditions: [{ property: 'domain', operator: 'contains', value: 'example' }],
        }),
      ),
    );
    const everything = await timed(() => groups.remove(tenantId, sites[0]?.id ?? 0));
    change.push(everything);
    await state.system((db) => sql`select bench_analyze()`.execute(db));

    const page = {
      where: null,
      orderBy: [{ expression: sql`last_seen`, direction: 'desc' as const }],
      limit: 51,
      offset: 0,
      count: false,
    };
    const scopes = { all: 'all' as const, one: [String(sites[1]?.id)] };
    const runs = { all: [] as number[], one: [] as number[] };
    for (let round = 0; round < 60; round++)
      for (const which of ['all', 'one'] as const) {
        const ms = await timed(() => store.list({ tenantId, deviceGroups: scopes[which] }, page));
        if (round >= 10) runs[which].push(ms);
      }
    const [all, one] = [figure(runs.all), figure(runs.one)];
    console.log(
      `page of 50 of ${DEVICES} devices: everything ${show(all, 'ms', 2)}, one group of ${Math.round(DEVICES / 50)} ${show(one, 'ms', 2)}, ratio ${(one.median / all.median).toFixed(2)} (target ${TARGET.scopedRatio})`,
    );
    console.log(
      `a change of the rules, ${DEVICES} devices, 10 groups: ${show(figure(change), 'ms')} (target ${TARGET.reevaluationMs})`,
    );
  } finally {
    await state.close();
  }
}

/** Of a process and its threads. */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
