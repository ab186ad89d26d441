/**
 * What it costs to keep the profile of a device current: the reader of device profiles over batches of one event each, among few devices and among
 * many. `node scripts/run-ts.mjs bench/profiles.ts [few] [many]`, after `npm run build`. The two take turns; their ratio should be near one.
 */
import type { LogRange } from '@merlon/event-log';
import type { StateStore } from '@merlon/state-store';
import { openTestStateStore } from '@merlon/state-store/testing';
import { sql } from 'kysely';
import { runProfileReader } from '../server/src/features/devices/profile-reader.ts';
import { devicesStore } from '../server/src/features/devices/store.ts';
import { blockOfRows, encodeBatchRecord } from '../server/src/features/ingest/batch-record.ts';
import { MIGRATIONS } from '../server/src/features.ts';
import { figure, show } from './figures.ts';

const SIZES = [Number(process.argv[2] ?? 1_000), Number(process.argv[3] ?? 100_000)] as const;
const ROUNDS = 9;
const EVENTS = 1_000;
const TARGET = 1.2;
const TENANT = '11111111-1111-4111-8111-111111111111';

const sides = await Promise.all(
  SIZES.map(async (size) => ({ size, state: await filled(size), ms: [] as number[] })),
);
try {
  // The first round only warms both.
  for (let round = 0; round <= ROUNDS; round++)
    for (const { size, state, ms } of round % 2 ? sides : [...sides].reverse()) {
      const took = await reading(state, size, round);
      if (round > 0) ms.push(took / EVENTS);
    }
  for (const { size, ms } of sides) console.log(`${size} devices: ${show(figure(ms), 'ms an event', 3)}`);
  const [few, many] = sides.map(({ ms }) => figure(ms).median);
  console.log(
    `ratio: ${((many ?? Number.NaN) / (few ?? Number.NaN)).toFixed(2)} (target at most ${TARGET}), medians of ${ROUNDS} rounds of ${EVENTS} events`,
  );
} finally {
  for (const { state } of sides) await state.close();
}

/** Milliseconds for one event each of devices spread over all. */
async function reading(state: StateStore, size: number, round: number): Promise<number> {
  const step = Math.max(1, Math.floor(size / EVENTS));
  const { rows } = await state.system((db) =>
    sql<{
      id: string;
    }>`select id from devices order by public_key_x limit ${EVENTS} offset ${round % step}`.execute(db),
  );
  const records = rows.map(({ id }, at) => ({
    position: at,
    stream: id,
    payload: encodeBatchRecord(
      {
        tenantId: TENANT,
        deviceId: id,
        deviceName: 'host',
        machineGroup: '',
        receivedAt: '2026-11-24T10:00:00.0000000Z',
      },
      [
        {
          table: 'DeviceInfo',
          rows: 1,
          block: blockOfRows('DeviceInfo', [
            {
              Timestamp: '2026-11-24T10:00:00.0000000Z',
              OSVersion: `10.${round}`,
              OSBuild: round,
              ClientVersion: `1.${round}`,
              OSDistribution: 'Ubuntu',
              ExposureLevel: 'Low',
            },
          ]),
        },
      ],
    ),
  }));
  let given = false;
  let began = 0;
  await runProfileReader({
    eventLog: {
      reader: (name) => ({
        name,
        async next(): Promise<LogRange | null> {
          if (given) return null;
          given = true;
          began = performance.now();
          return { id: '1', records, commit: async () => {} };
        },
      }),
    },
    store: devicesStore(state),
    log: console,
    signal: new AbortController().signal,
  });
  return performance.now() - began;
}

async function filled(size: number): Promise<StateStore> {
  const state = await openTestStateStore(MIGRATIONS);
  await state.tenant(TENANT, async (db) => {
    await sql`insert into devices (id, public_key_x, state, onboarded_at, first_seen, last_seen, computer_name, os_platform, os_version,
        os_architecture, os_processor, agent_version, hardware_fingerprint, scope_pending)
      select encode(sha256(n::text::bytea), 'hex')::char(40), n::text, 'Onboarded', now(), now(), now(), 'host-' || n, 'Linux', '1',
        '64-bit', 'x64', '1', encode(sha256(n::text::bytea), 'hex'), false
      from generate_series(1, ${size}) as n`.execute(db);
  });
  return state;
}
