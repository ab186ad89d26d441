/** Every list, page by page to its end, while rows come and go: what was there throughout is met exactly once. */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestApp, type TestServer } from '../support/server.ts';
import { openStateDatabase } from '../support/state-database.ts';

interface List {
  readonly path: string;
  readonly key: string;
  readonly table: string;
  /** Inserts rows that are named by these numbers and have their place in the order by them. */
  readonly fill: (numbers: string) => string;
  /** Where in the table they are; by their id or its end. */
  readonly column: string;
  readonly pageSize: number;
  /** Of the portal alone. */
  readonly inPortal?: boolean;
}

const ROWS = 10_060;
const FEW = 1_060;
const id = (prefix: string) => `'${prefix}' || lpad(n::text, 10, '0')`;
/** Four of them within each hundredth of a second, so that pages end between equals. */
const time = `(timestamptz '2026-11-20T10:00:00Z' + n / 4 * interval '10 milliseconds')`;

const machines = (
  numbers: string,
) => `insert into devices (tenant_id, id, public_key_x, onboarded_at, first_seen, last_seen, computer_name, os_platform,
    os_version, os_architecture, os_processor, agent_version)
  select '{tenant}', lpad(n::text, 40, '0'), 'x' || n, ${time}, ${time}, ${time}, 'pc-' || n % 7, 'Linux', '6', '64-bit', 'x64', '1' from ${numbers} as n`;
const alerts = (
  numbers: string,
) => `insert into alerts (tenant_id, id, dedup_key, detector_id, detection_source, title, description, category, severity, techniques,
    status, machine_id, machine_name, first_event_at, last_event_at, created_at, updated_at, incident, untriaged)
  select '{tenant}', ${id('da')}, 'k' || n, 'd', 's', 't', 'd', 'c', 'Low', '{}', 'New', lpad('1', 40, '0'), 'pc', ${time}, ${time}, ${time}, ${time}, 1 + n % 1000, false
  from ${numbers} as n`;
const incidents = (
  numbers: string,
) => `insert into incidents (tenant_id, id, leads_to, status, tags, created_at, updated_at)
  select '{tenant}', n, n, 'Active', '{}', ${time}, ${time} from ${numbers} as n`;
const actions = (
  numbers: string,
) => `insert into machine_actions (tenant_id, id, type, status, requestor, requestor_comment, request_source, machine_id,
    computer_dns_name, seq, created_at, updated_at, expires_at)
  select '{tenant}', ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 'Isolate', 'Succeeded', 'r', 'c', 'PublicApi', lpad('1', 40, '0'), 'pc', n,
    ${time}, ${time}, ${time} from ${numbers} as n`;
const investigations = (
  numbers: string,
) => `insert into investigations (tenant_id, id, state, started_at, machine_id, machine_name, requestor, due_at)
  select '{tenant}', n, 'Benign', ${time}, lpad('1', 40, '0'), 'pc', 'r', ${time} from ${numbers} as n`;
const remediations = (
  numbers: string,
) => `insert into remediations (tenant_id, id, investigation, machine_id, machine_name, state, automatic, file_algorithm, file_hash, folders, verdict,
    reason, created_at, updated_at, expires_at, retry_at)
  select '{tenant}', ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid, 1, lpad('1', 40, '0'), 'pc', 'Pending', false, 'Sha1',
    lpad(n::text, 40, '0'), '{}', 'Malicious', 'r', ${time}, ${time}, timestamptz '2100-01-01T00:00:00Z', ${time} from ${numbers} as n`;
const history = (
  numbers: string,
) => `insert into hunting_history (tenant_id, id, time, interface, actor_kind, actor_id, actor_name, app_id, query, state, resource_usage,
    run_ms, total_ms, result_rows, result_bytes, rows_read, peak_memory_bytes, tables)
  overriding system value select '{tenant}', n, ${time}, 'api', 'application', '{app}', 'a', '{app}', 'DeviceInfo', 'Completed', 'Low', n % 7, 1, 1, 1, 1, 1, '{}'
  from ${numbers} as n`;

const indicators = (
  numbers: string,
) => `insert into indicators (tenant_id, id, type, value, compared, action, title, description, severity, group_ids, group_names,
    generate_alert, owner_kind, owner_id, created_by, created_by_name, created_by_source, created_at, updated_by, updated_at, version)
  overriding system value select '{tenant}', n, 'FileSha1', lpad(n::text, 40, '0'), lpad(n::text, 40, '0'), 'Audit', 't', 'd', 'Low', '{}', '{}', false,
    'application', '{app}', '{app}', 'a', 'PublicApi', ${time}, 'a', ${time}, 1 from ${numbers} as n`;

const LISTS: readonly List[] = [
  ...['', '?$orderby=lastSeen%20desc', '?$orderby=computerDnsName'].map((options) => ({
    path: `/api/machines${options}`,
    key: 'id',
    table: 'devices',
    fill: machines,
    column: 'id',
    pageSize: 10_000,
  })),
  ...['', '?$orderby=lastUpdateTime', "?$filter=severity%20eq%20'Low'&$orderby=status,title%20desc"].map(
    (options) => ({
      path: `/api/alerts${options}`,
      key: 'id',
      table: 'alerts',
      fill: alerts,
      column: 'id',
      pageSize: 10_000,
    }),
  ),
  {
    path: '/api/machineactions',
    key: 'id',
    table: 'machine_actions',
    fill: actions,
    column: 'id',
    pageSize: 10_000,
  },
  {
    path: '/api/investigations',
    key: 'id',
    table: 'investigations',
    fill: investigations,
    column: 'id',
    pageSize: 10_000,
  },
  {
    path: '/api/merlon/actioncenter/pending',
    key: 'id',
    table: 'remediations',
    fill: remediations,
    column: 'id',
    pageSize: 10_000,
    inPortal: true,
  },
  {
    path: '/api/merlon/actioncenter/history',
    key: 'id',
    table: 'machine_actions',
    fill: actions,
    column: 'id',
    pageSize: 10_000,
    inPortal: true,
  },
  {
    path: '/api/indicators',
    key: 'id',
    table: 'indicators',
    fill: indicators,
    column: 'id',
    pageSize: 10_000,
  },
  {
    path: '/api/incidents?$filter=incidentId%20gt%20700',
    key: 'incidentId',
    table: 'incidents',
    fill: incidents,
    column: 'id',
    pageSize: 100,
  },
  {
    path: '/v1.0/security/alerts_v2',
    key: 'id',
    table: 'alerts',
    fill: alerts,
    column: 'id',
    pageSize: 2_000,
  },
  {
    path: '/v1.0/security/incidents',
    key: 'id',
    table: 'incidents',
    fill: incidents,
    column: 'id',
    pageSize: 50,
  },
  ...['', '?$orderby=runSeconds'].map((options) => ({
    path: `/api/merlon/hunting/history${options}`,
    key: 'id',
    table: 'hunting_history',
    fill: history,
    column: 'id',
    pageSize: 1_000,
  })),
];
/** Sets with pages of which others tell: their own test, or the test of the set that they are a part of. */
const ELSEWHERE = [
  /^\/api\/merlon\/audit$/,
  /^\/api\/(?:files|ips|domains|users|machines)\/\{\w+\}\/(?:alerts|machines)$/,
  /^\/api\/machines\/find/,
  // Empty: nothing here tells of software or weaknesses.
  /^\/api\/machines\/\{\w+\}\/(?:software|vulnerabilities|recommendations|getmissingkbs)$/,
];

let server: TestServer;
let app: TestApp;
let token: string;
let person: string;
let db: pg.Client;
const run = (statement: string) =>
  db.query(statement.replaceAll('{tenant}', app.tenantId).replaceAll('{app}', app.clientId));

beforeAll(async () => {
  server = await startServer();
  app = await server.createApp(
    'Machine.Read.All',
    'Alert.Read.All',
    'Incident.Read.All',
    'AdvancedQuery.Read.All',
    'Ti.ReadWrite.All',
    'SecurityAlert.Read.All',
    'SecurityIncident.Read.All',
  );
  token = await server.token(app);
  const { name, oneTimePassword } = server.administrator;
  const signedIn = await server.signIn({
    name,
    password: oneTimePassword,
    newPassword: 'a long enough password 1',
  });
  person = signedIn.accessToken;
  db = await openStateDatabase(server.home);
  await run(machines(`generate_series(1, ${ROWS})`));
  await run(incidents(`generate_series(1, ${FEW})`));
  await run(alerts(`generate_series(1, ${ROWS})`));
  await run(actions(`generate_series(1, ${ROWS})`));
  await run(investigations(`generate_series(1, ${ROWS})`));
  await run(remediations(`generate_series(1, ${ROWS})`));
  await run(indicators(`generate_series(1, ${ROWS})`));
  await run(history(`generate_series(1, ${FEW})`));
}, 120_000);
afterAll(async () => {
  await db?.end();
  await server?.dispose();
});

let rounds = 0;

describe('a walk along nextLink', () => {
  it.each(LISTS)(
    'of $path meets what stays exactly once',
    async ({ path, key, table, fill, column, pageSize, inPortal }) => {
      const { rows } = await run(`select ${column}::text as id from ${table} where tenant_id = '{tenant}'`);
      const staying = new Set(rows.map((row) => String(row.id)));
      const seen: string[] = [];
      let pages = 0;
      for (let next: string | undefined = path; next !== undefined; pages++) {
        const answer = await server.call(next, { token: inPortal ? person : token });
        expect(answer.status, answer.text.slice(0, 500)).toBe(200);
        const body = answer.json();
        expect(body.value.length).toBeLessThanOrEqual(pageSize);
        seen.push(...body.value.map((one: Record<string, unknown>) => String(one[key])));
        next = body['@odata.nextLink'];
        // New ones come, at the end that some orders begin with, and the place that the walk has come to goes.
        const number = 100_000 + 10 * rounds++;
        await run(fill(`unnest(array[${number}, ${number + 1}])`));
        const last = seen.at(-1);
        if (last !== undefined && next !== undefined) {
          staying.delete(last);
          await run(`delete from ${table} where tenant_id = '{tenant}' and ${column}::text = '${last}'`);
        }
        if (pages > 400) throw new Error('the walk has no end');
      }
      expect(pages).toBeGreaterThan(1);
      expect(new Set(seen).size).toBe(seen.length);
      const met = new Set(seen);
      const filtered = path.includes('incidentId%20gt%20700');
      const missed = [...staying].filter((one) => !met.has(one) && !(filtered && Number(one) <= 700));
      expect(missed).toEqual([]);
    },
    120_000,
  );

  it('is tried for every set that has pages', async () => {
    const { paths } = (await server.call('/openapi.json')).json();
    const paged = Object.entries<{ get?: { parameters?: { name: string }[] } }>(paths)
      .filter(
        ([path, { get }]) =>
          !path.endsWith('/$count') && get?.parameters?.some(({ name }) => name === '$skiptoken'),
      )
      .map(([path]) => path);
    const tried = new Set(LISTS.map(({ path }) => path.split('?')[0]?.toLowerCase()));
    const untried = paged.filter(
      (path) => !tried.has(path.toLowerCase()) && !ELSEWHERE.some((one) => one.test(path)),
    );
    expect(paged.length).toBeGreaterThan(8);
    expect(untried).toEqual([]);
  });
});
