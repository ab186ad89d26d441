/** The queries the portal writes, on the real translator and store: all of them run, and the pages of a timeline hold every event once. */
import type { Alert, HuntingResult } from '@merlon/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { huntFor } from '../../portal/src/alerts/entity-hunt.ts';
import { exampleQueries } from '../../portal/src/hunting/example-queries.ts';
import {
  type Cursor,
  eventQuery,
  type TimelineRow,
  timelineQuery,
  timelineTableNames,
} from '../../portal/src/timeline/timeline-query.ts';
import { type DemoFleet, startDemoFleet } from '../support/demo-fleet.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

const DEVICE = 'srv-web-02.contoso.example';

let server: TestServer;
let fleet: DemoFleet;
let token: string;
let deviceId: string;

beforeAll(async () => {
  server = await startServer();
  fleet = await startDemoFleet(server);
  const app = await server.createApp('AdvancedQuery.Read.All', 'Machine.Read.All', 'Alert.Read.All');
  token = await server.token(app);
  deviceId = (await server.call(`/api/machines/${DEVICE}`, { token })).json().id;
  await eventually('every event is in the store', async () => (await count()) > 0 && (await steady()), {
    withinMs: 30_000,
    everyMs: 200,
  });
});
afterAll(async () => {
  await fleet?.stop();
  await server?.dispose();
});

async function hunt(query: string): Promise<HuntingResult> {
  const answer = await server.call('/api/advancedqueries/run', { token, json: { Query: query } });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}\n${query}`);
  return answer.json();
}

async function count(): Promise<number> {
  const { Results } = await hunt(
    `union ${timelineTableNames.join(', ')} | where DeviceId == "${deviceId}" | count`,
  );
  return Number(Object.values(Results[0] ?? {})[0]);
}

let before = -1;
async function steady(): Promise<boolean> {
  const now = await count();
  const same = now === before;
  before = now;
  return same;
}

describe('the timeline', () => {
  const question = { deviceId, tables: timelineTableNames, text: '', days: 30, until: null };
  const page = async (after: Cursor | null, rows: number, text = '') =>
    (await hunt(timelineQuery({ ...question, deviceId, text, after, rows })))
      .Results as unknown as TimelineRow[];
  const identity = ({ Table, Timestamp, ReportId }: Cursor) => `${Timestamp} ${ReportId} ${Table}`;

  it('holds every event of the device once, newest first, over many pages', async () => {
    const rows: TimelineRow[] = [];
    for (let after: Cursor | null = null; ; after = rows.at(-1) ?? null) {
      const next = await page(after, 37);
      rows.push(...next);
      if (next.length < 37) break;
    }
    expect(new Set(rows.map(identity)).size).toBe(rows.length);
    expect(rows.length).toBe(await count());
    expect(rows.length).toBeGreaterThan(100);
    const times = rows.map(({ Timestamp }) => Timestamp);
    expect(times).toEqual([...times].sort().reverse());
  });

  it('finds text in the events, and the whole of one', async () => {
    const found = await page(null, 50, '/dev/tcp');
    expect(found.length).toBeGreaterThan(0);
    for (const row of found) expect(JSON.stringify(row)).toContain('/dev/tcp');
    const [first] = found;
    if (!first) throw new Error('nothing was found');
    const whole = await hunt(eventQuery(deviceId, first));
    expect(whole.Results).toMatchObject([{ DeviceId: deviceId, ReportId: first.ReportId }]);
  });

  it('takes any text for text', async () => {
    expect(await page(null, 50, `" or true or "\\`)).toEqual([]);
  });
});

describe('ready-made queries', () => {
  it.each(exampleQueries.map(({ title, query }) => [title, query]))('%s', async (_, query) => {
    expect((await hunt(query)).Schema.length).toBeGreaterThan(0);
  });

  it('run for every piece of evidence of every alert', async () => {
    const { value: alerts } = await eventually(
      'alerts are raised',
      async () => {
        const { value } = (await server.call('/api/alerts?$expand=evidence', { token })).json();
        return value.length > 0 && (value as Alert[]);
      },
      { withinMs: 30_000, everyMs: 200 },
    );
    const queries = new Set(alerts.flatMap(({ evidence }) => evidence.map(huntFor)));
    queries.delete(null);
    expect(queries.size).toBeGreaterThan(10);
    for (const query of queries) if (query !== null) await hunt(query);
  });
});
