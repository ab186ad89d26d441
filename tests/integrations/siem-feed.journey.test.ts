/**
 * Connectors of the detections feed, each with the settings that `merlon siem` hands out, while alerts are made: ArcSight and QRadar as their manuals have them
 * ask, and a REST input of Splunk through the library it uses. Needs Python 3 with venv.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startDemoFleet } from '../support/demo-fleet.ts';
import { pythonWith } from '../support/python-packages.ts';
import { startServer, type TestApp, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';
import { type EventReference, eventsToAlertOn, writeAlerts } from './alert-writer.ts';
import { ArcSight, QRadar } from './clients/detections-feed.ts';
import { type Row, Traffic } from './traffic.ts';

const script = fileURLToPath(new URL('splunk_rest_input.py', import.meta.url));
const run = promisify(execFile);
const WRITERS = 3;
const ALERTS_EACH = 8;

let server: TestServer;
let python: string;
let folder: string;
let connector: TestApp;
let tokens: { accessToken: string; refreshToken: string };
let writing: string;
let events: EventReference[];

beforeAll(async () => {
  python = await pythonWith('siem-inputs');
  folder = await mkdtemp(join(tmpdir(), 'merlon-siem-'));
  server = await startServer();
  const fleet = await startDemoFleet(server);
  connector = await server.cli('siem', 'enable');
  tokens = await server.cli('siem', 'tokens', '--for', server.administrator.name);
  writing = await server.token(
    await server.createApp('Alert.ReadWrite.All', 'AdvancedQuery.Read.All', 'SecurityAlert.ReadWrite.All'),
  );
  await eventually(
    'events to alert on',
    async () => {
      events = await eventsToAlertOn(server, writing);
      return events.length > 5;
    },
    { withinMs: 30_000 },
  );
  await fleet.stop();
}, 300_000);
afterAll(async () => {
  await server?.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** What `merlon siem files` wrote. */
async function files(kind: string): Promise<Map<string, string>> {
  const kept = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };
  const { files: paths } = await server.cli(
    'siem',
    'files',
    kind,
    '--client-secret-file',
    await kept('secret', connector.clientSecret),
    '--access-token-file',
    await kept('access', tokens.accessToken),
    '--refresh-token-file',
    await kept('refresh', tokens.refreshToken),
    '--out',
    join(folder, kind),
  );
  return new Map(
    await Promise.all(
      (paths as string[]).map(
        async (path) => [path.split('/').at(-1) ?? '', await readFile(path, 'utf8')] as const,
      ),
    ),
  );
}

function properties(text: string): Map<string, string> {
  return new Map(
    text
      .split('\n')
      .filter((line) => line.includes('=') && !line.startsWith('#'))
      .map((line) => {
        const cut = line.indexOf('=');
        return [line.slice(0, cut).trim(), line.slice(cut + 1).trim()] as const;
      }),
  );
}

it('connectors that ask from the last time they saw miss nothing while alerts are made', async () => {
  const client = properties((await files('arcsight')).get('WDATP-connector.properties') ?? '');
  const eventsUrl = (client.get('events_url') ?? '').replace('/?sinceTimeUtc=$START_AT_TIME', '');
  const deployment = { server, app: connector, traffic: new Traffic() };
  const settings = { tokenPath: client.get('token_url') ?? '', eventsPath: eventsUrl };
  const since = new Date(Date.now() - 3_600_000).toISOString();
  const arcsight = new ArcSight(deployment, settings, since, tokens.refreshToken);
  const connectors = [arcsight, new QRadar(deployment, settings, since)];
  for (const one of connectors) await one.signIn();

  let over = false;
  const polls = Promise.all(
    connectors.map(async (one) => {
      const seen = new Map<string, Row>();
      for (;;) {
        const last = over;
        let newest = '';
        for (const { LastProcessedTimeUtc } of seen.values())
          if (LastProcessedTimeUtc > newest) newest = LastProcessedTimeUtc;
        for (const row of await one.poll()) {
          // Twice only what has the time that was asked from.
          if (seen.has(row.FullId)) expect(row.LastProcessedTimeUtc).toBe(newest);
          seen.set(row.FullId, row);
        }
        if (last) return seen;
      }
    }),
  );
  const made = await Promise.all(
    Array.from({ length: WRITERS }, (_, writer) =>
      writeAlerts(server, writing, events, { writer: `writer ${writer}`, count: ALERTS_EACH }),
    ),
  ).finally(() => {
    over = true;
  });
  for (const seen of await polls) {
    const alerts = new Set([...seen.values()].map(({ AlertId }) => AlertId));
    expect(made.flat().filter((id) => !alerts.has(id))).toEqual([]);
  }
});

it('ArcSight’s parser finds each field of the mapping in a detection', async () => {
  const parser = properties((await files('arcsight')).get('WDATP-connector.jsonparser.properties') ?? '');
  const count = Number(parser.get('token.count'));
  const names = Array.from({ length: count }, (_, index) => parser.get(`token[${index}].location`) ?? '');
  const answer = await server.call('/siem/api/alerts', { token: tokens.accessToken });
  expect(Object.keys(answer.json()[0]).sort()).toEqual([...names].sort());
  const values = [...parser].filter(([key]) => key.startsWith('event.')).map(([, value]) => value);
  expect(values.length).toBeGreaterThan(25);
  for (const value of values) {
    const field = /^(?:__\w+\()*(?:"[^"]*"|(\w+))/.exec(value)?.[1];
    if (field !== undefined) expect(names).toContain(field);
  }
});

it('a REST input of Splunk renews its token by itself and gets the array, event by event', async () => {
  const stanza = properties((await files('splunk')).get('inputs.conf') ?? '');
  const input = {
    ...Object.fromEntries(stanza),
    // An hour has passed.
    oauth2_expires_in: '-5',
    ca_bundle_path: server.caPath,
    polls: 2,
  };
  const stdout = await new Promise<string>((resolve, reject) => {
    // The library looks for the certificates of the token's address there.
    const env = { ...process.env, REQUESTS_CA_BUNDLE: server.caPath };
    const child = execFile(python, [script], { env, maxBuffer: 64 * 1024 * 1024 }, (error, out, problem) =>
      error ? reject(new Error(`${error.message}\n${problem}`)) : resolve(out),
    );
    child.stdin?.end(JSON.stringify(input));
  });
  const printed = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
  expect(printed.at(-1)).toEqual({ refreshed: 1 });
  const found: Row[] = printed.slice(0, -1).map(({ event }) => event);
  const all: Row[] = (await server.call('/siem/api/alerts', { token: tokens.accessToken })).json();
  // Two looks at two hours each: what Splunk's users know, and take out by the raw event.
  expect(found).toHaveLength(2 * all.length);
  expect(new Set(found.map((one) => JSON.stringify(one))).size).toBe(all.length);
});

it('the script for file readers writes each detection once, also after it was cut off', async () => {
  const script = fileURLToPath(
    new URL('../../deploy/connectors/poller/merlon_detections.py', import.meta.url),
  );
  const output = join(folder, 'detections.json');
  const state = join(folder, 'state.json');
  const shown = await server.cli('siem', 'show');
  const env = {
    ...process.env,
    MERLON_TOKEN_URL: shown.tokenUrl,
    MERLON_EVENTS_URL: shown.eventsUrl,
    MERLON_CLIENT_ID: connector.clientId,
    MERLON_CLIENT_SECRET: connector.clientSecret,
    MERLON_CA_FILE: server.caPath,
    MERLON_STATE_FILE: state,
    MERLON_OUTPUT_FILE: output,
  };
  const look = (more: Record<string, string> = {}) => run('python3', [script], { env: { ...env, ...more } });
  const lines = async () => (await readFile(output, 'utf8')).trim().split('\n');
  await look();
  const before = await lines();
  await writeAlerts(server, writing, events, { writer: 'late', count: 3 });
  await look();
  await look();
  const after = await lines();
  expect(after.length).toBeGreaterThan(before.length);
  const ids = after.map((line) => JSON.parse(line).FullId);
  expect(new Set(ids).size).toBe(ids.length);
  const all: Row[] = (await server.call('/siem/api/alerts', { token: tokens.accessToken })).json();
  expect(new Set(ids)).toEqual(new Set(all.map((one) => one.FullId)));
  // What it could not write it asks for again.
  await writeAlerts(server, writing, events, { writer: 'later', count: 2 });
  await expect(look({ MERLON_OUTPUT_FILE: join(folder, 'nowhere', 'x.json') })).rejects.toThrow();
  await expect(look({ MERLON_CLIENT_SECRET: 'wrong' })).rejects.toThrow('AADSTS7000215');
  await look();
  expect((await lines()).length).toBeGreaterThan(after.length);
});
