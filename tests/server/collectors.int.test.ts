/** Programs that ship events of other hosts: what they may, what becomes of what they send, and what is refused. */
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { nowIso7, type OnboardingPackage } from '@merlon/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentDevice } from '../support/content-device.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { eventually } from '../support/wait.ts';

let server: TestServer;
let reader: string;

interface Made {
  readonly id: string;
  readonly secret: string;
  readonly apiKey: string;
  readonly address: string;
}
let open: Made;

beforeAll(async () => {
  server = await startServer();
  reader = await server.token(
    await server.createApp('AdvancedQuery.Read.All', 'Machine.Read.All', 'Machine.Isolate'),
  );
  open = await collector('everything');
});
afterAll(() => server?.dispose());

const collector = (name: string, ...more: string[]): Promise<Made> =>
  server.cli('collector', 'create', '--name', name, ...more);

const send = (
  made: Pick<Made, 'secret'>,
  path: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
) =>
  server.call(`/collect/v1${path}`, {
    method: 'POST',
    body,
    headers: {
      authorization: `Basic ${Buffer.from(`collector:${made.secret}`).toString('base64')}`,
      ...headers,
    },
  });

const counts = async (made: Made): Promise<Record<string, number>> => {
  const { value } = await server.cli('collector', 'counts', made.id);
  return Object.fromEntries(
    value.map((one: { source: string; eventId: string; fate: string; reason: string; events: number }) => [
      [one.source, one.eventId, one.fate, one.reason].filter(Boolean).join(' '),
      one.events,
    ]),
  );
};

async function hunted(query: string, least = 1): Promise<Record<string, unknown>[]> {
  let rows: Record<string, unknown>[] = [];
  await eventually(
    query,
    async () => {
      rows =
        (await server.call('/api/advancedqueries/run', { token: reader, json: { Query: query } })).json()
          .Results ?? [];
      return rows.length >= least;
    },
    { withinMs: 20_000 },
  );
  return rows;
}

let record = 1;
/** As Winlogbeat ships it. */
function sysmon(computer_name: string, event_id: number, event_data: object, more: object = {}) {
  const at = nowIso7(new Date()).slice(0, 23);
  return {
    '@timestamp': `${at}Z`,
    agent: { type: 'winlogbeat', version: '8.17.0' },
    winlog: {
      channel: 'Microsoft-Windows-Sysmon/Operational',
      provider_name: 'Microsoft-Windows-Sysmon',
      event_id: String(event_id),
      computer_name,
      record_id: record++,
      event_data: {
        UtcTime: at.replace('T', ' '),
        ProcessGuid: '{a158f72c-623c-5de8-0000-0010a1b20000}',
        ProcessId: '4242',
        Image: 'C:\\Windows\\cmd.exe',
        ...event_data,
      },
      ...more,
    },
  };
}
const start = (computer: string, CommandLine: string) =>
  sysmon(computer, 1, { CommandLine, User: 'SHIRE\\Ann', Hashes: `SHA256=${'a'.repeat(64)}` });
const bulk = (...documents: object[]) =>
  `${documents.map((one) => `{"create":{"_index":"winlogbeat-8.17.0"}}\n${JSON.stringify(one)}\n`).join('')}`;

describe('the door of Elasticsearch', () => {
  it('answers what clients ask before they send', async () => {
    const headers = { authorization: `ApiKey ${Buffer.from(open.apiKey).toString('base64')}` };
    const ask = (method: string, path: string) =>
      server.call(`/collect/v1/elastic${path}`, {
        method,
        headers,
        ...(method === 'PUT' ? { body: '{}' } : {}),
      });
    const root = await ask('GET', '');
    expect(root.status, root.text).toBe(200);
    expect(root.headers['x-elastic-product']).toBe('Elasticsearch');
    expect(root.json()).toMatchObject({
      version: { number: '8.19.0', build_flavor: 'default' },
      tagline: 'You Know, for Search',
    });
    expect((await ask('HEAD', '/')).status).toBe(200);
    expect((await ask('GET', '/_license')).json()).toMatchObject({
      license: { status: 'active', type: 'basic' },
    });
    for (const path of [
      '/_ilm/policy/winlogbeat',
      '/_index_template/winlogbeat-8.17.0',
      '/_data_stream/winlogbeat-8.17.0',
      '/_ingest/pipeline/x',
    ]) {
      expect((await ask('GET', path)).status).toBe(404);
      expect((await ask('HEAD', path)).status).toBe(404);
      expect((await ask('PUT', path)).json()).toEqual({ acknowledged: true });
    }
    expect((await server.call('/collect/v1/elastic')).status).toBe(401);
  });

  it('takes a bulk, answers each item, and hunting sees host, process and parent', async () => {
    const sent = bulk(
      start('WS5.shire.com', 'cmd /c first'),
      sysmon('WS5.shire.com', 4, {}),
      sysmon('bad host!', 11, {}),
      sysmon('WS5.shire.com', 11, { TargetFilename: 'C:\\x.txt' }),
    );
    const answer = await send(open, '/elastic/_bulk', gzipSync(sent), {
      'content-encoding': 'gzip',
      'content-type': 'application/json',
    });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json()).toMatchObject({
      errors: true,
      items: [
        { create: { _index: 'winlogbeat-8.17.0', status: 201, result: 'created' } },
        { create: { status: 200, result: 'noop' } },
        { create: { status: 400, error: { type: 'document_parsing_exception', reason: 'no host name' } } },
        { create: { status: 201 } },
      ],
    });
    const [process] = await hunted(
      "DeviceProcessEvents | where DeviceName == 'WS5.shire.com' | project AccountName, ProcessCommandLine, SHA256",
    );
    expect(process).toEqual({
      AccountName: 'ann',
      ProcessCommandLine: 'cmd /c first',
      SHA256: 'a'.repeat(64),
    });
    const [file] = await hunted(
      "DeviceFileEvents | where DeviceName == 'WS5.shire.com' | project FileName, InitiatingProcessCommandLine",
    );
    expect(file).toEqual({ FileName: 'x.txt', InitiatingProcessCommandLine: 'cmd /c first' });
    const [info] = await hunted(
      "DeviceInfo | where DeviceName == 'WS5.shire.com' | project OnboardingStatus, DiscoverySources, OSPlatform",
    );
    expect(info).toMatchObject({
      OnboardingStatus: 'Can be onboarded',
      OSPlatform: 'Windows',
      DiscoverySources: expect.stringContaining('Collector everything'),
    });
    const machines = (
      await server.call("/api/machines?$filter=computerDnsName eq 'WS5.shire.com'", { token: reader })
    ).json().value;
    expect(machines).toMatchObject([
      { onboardingStatus: 'CanBeOnboarded', managedBy: 'everything', healthStatus: 'Active' },
    ]);
    // Nobody is there to carry out an order.
    const order = await server.call(`/api/machines/${machines[0].id}/isolate`, {
      token: reader,
      json: { Comment: 'x', IsolationType: 'Full' },
    });
    expect(order.json().error.code).toBe('ClientVersionNotSupported');
    expect(await counts(open)).toMatchObject({
      'sysmon 1 row': 1,
      'sysmon 4 left tells of Sysmon itself': 1,
      'sysmon 11 malformed no host name': 1,
    });
  });

  it('keeps an event once, whether the same bulk comes again or the event in another', async () => {
    const one = start('once.shire.com', 'cmd /c once');
    const two = start('once.shire.com', 'cmd /c twice');
    for (const body of [bulk(one), bulk(one), bulk(two, one), bulk(one, two)])
      expect((await send(open, '/elastic/winlogbeat/_bulk', body)).status).toBe(200);
    await hunted("DeviceProcessEvents | where DeviceName == 'once.shire.com'", 2);
    const rows = await hunted(
      "DeviceProcessEvents | where DeviceName == 'once.shire.com' | summarize Rows = count() by ProcessCommandLine",
      2,
    );
    expect(rows.map(({ Rows }) => Rows)).toEqual([1, 1]);
    expect(await counts(open)).toMatchObject({ 'sysmon 1 left told before': 4 });
  });
});

describe('the other doors', () => {
  it('take JSON, XML, audit logs and what HEC clients send', async () => {
    const at = nowIso7(new Date());
    const seconds = (Date.now() / 1000).toFixed(3);
    const flat = {
      EventID: 4688,
      Channel: 'Security',
      Hostname: 'nx-1',
      TimeCreated: at,
      RecordNumber: 5,
      NewProcessId: '0x10',
      NewProcessName: 'C:\\a.exe',
      CommandLine: 'a one',
    };
    const array = await send(
      open,
      '/events',
      JSON.stringify([flat, { ...flat, RecordNumber: 6, NewProcessId: '0x14', CommandLine: 'a two' }]),
    );
    expect(array.json(), array.text).toEqual({ accepted: 2, left: 0, rejected: 0, rejectedReasons: [] });
    const lines = await send(
      open,
      '/events',
      `${JSON.stringify({ ...flat, Hostname: 'nx-2' })}\n{"broken\n"just text"\n`,
    );
    expect(lines.json()).toMatchObject({ accepted: 1, rejected: 2 });
    const xml = `<?xml version="1.0"?><Events><Event><System><Provider Name="Microsoft-Windows-Security-Auditing"/><EventID>4624</EventID><TimeCreated SystemTime="${at}"/><EventRecordID>9</EventRecordID><Channel>Security</Channel><Computer>wec-1</Computer></System><EventData><Data Name="TargetUserName">Ann</Data><Data Name="LogonType">3</Data></EventData></Event></Events>`;
    expect(
      (
        await send(open, '/files', Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(xml, 'utf16le')]))
      ).json(),
    ).toMatchObject({ accepted: 1 });
    const audit = [
      `type=SYSCALL msg=audit(${seconds}:9): arch=c000003e syscall=59 success=yes exit=0 ppid=7 pid=8 auid=1000 uid=0 euid=0 ses=3 exe="/usr/bin/nc" key=(null)`,
      `type=EXECVE msg=audit(${seconds}:9): argc=2 a0="nc" a1="-l"`,
      `type=PROCTITLE msg=audit(${seconds}:9): proctitle=6E63`,
    ].join('\n');
    expect((await send(open, '/files?host=lin-1', audit)).json()).toMatchObject({ accepted: 1, left: 2 });
    const hec = await server.call('/collect/v1/services/collector/event', {
      body: `{"host":"hec-1","event":${JSON.stringify({ ...flat, Hostname: undefined })}}{"host":"hec-2","event":${JSON.stringify(JSON.stringify({ ...flat, Hostname: undefined }))}}`,
      headers: { authorization: `Splunk ${open.secret}` },
    });
    expect(hec.json(), hec.text).toEqual({ text: 'Success', code: 0 });
    const rows = await hunted(
      "union DeviceProcessEvents, DeviceLogonEvents | where DeviceName in ('nx-1','nx-2','wec-1','lin-1','hec-1','hec-2') | summarize Rows = count() by DeviceName | order by DeviceName asc",
      6,
    );
    expect(rows.map(({ DeviceName, Rows }) => `${DeviceName} ${Rows}`)).toEqual([
      'hec-1 1',
      'hec-2 1',
      'lin-1 1',
      'nx-1 2',
      'nx-2 1',
      'wec-1 1',
    ]);
    expect(
      (await hunted("DeviceProcessEvents | where DeviceName == 'lin-1' | project ProcessCommandLine"))[0],
    ).toEqual({ ProcessCommandLine: 'nc -l' });
  });
});

describe('a collector', () => {
  it('speaks for its hosts and device groups only, and never for an onboarded device', async () => {
    const packed = await server.cli('package', '--os', 'linux', '--tool', 'json', '--out', server.home);
    const mine = await contentDevice(
      JSON.parse(readFileSync(packed.files[0], 'utf8')) as OnboardingPackage,
      'mine-1',
    );
    mine.close();
    const some = await collector('some', '--host', 'ws-*.corp.example', '--host', 'mine-1*');
    const answer = await send(
      some,
      '/elastic/_bulk',
      bulk(
        start('ws-7.corp.example', 'x'),
        start('db-1.corp.example', 'x'),
        start('MINE-1', 'x'),
        start('mine-1.corp.example', 'x'),
      ),
    );
    expect(answer.json().items.map((item: { create: { status: number } }) => item.create.status)).toEqual([
      201, 400, 400, 400,
    ]);
    expect(await counts(some)).toEqual({
      'sysmon 1 row': 1,
      'sysmon 1 quarantined a host that this collector may not speak for': 1,
      'sysmon 1 quarantined an onboarded device, which speaks for itself': 2,
    });
    await server.cli('devicegroup', 'create', '--name', 'laptops', '--where', 'name startsWith lap-');
    const group = (await server.cli('devicegroup', 'list')).value.find(
      (one: { name: string }) => one.name === 'laptops',
    );
    const grouped = await collector('grouped', '--device-group', String(group.id));
    const second = await send(grouped, '/elastic/_bulk', bulk(start('lap-1', 'x'), start('srv-1', 'x')));
    expect(second.json().items.map((item: { create: { status: number } }) => item.create.status)).toEqual([
      201, 400,
    ]);
    const names = (await server.call('/api/machines', { token: reader }))
      .json()
      .value.map((one: { computerDnsName: string }) => one.computerDnsName);
    expect(names).toContain('lap-1');
    expect(names).not.toContain('srv-1');
    expect(names).not.toContain('db-1.corp.example');
  });

  it('is let in by a secret of its own until it is revoked', async () => {
    const brief = await collector('brief', '--days', '1');
    expect((await send(brief, '/elastic/_bulk', bulk(start('b-1', 'x')))).status).toBe(200);
    expect(
      (
        await send(
          { secret: `${brief.secret.slice(0, -1)}${brief.secret.endsWith('A') ? 'B' : 'A'}` },
          '/elastic/_bulk',
          'x',
        )
      ).status,
    ).toBe(401);
    expect((await server.call('/collect/v1/events', { body: '[]', token: reader })).status).toBe(401);
    await server.cli('collector', 'revoke', brief.id);
    const refused = await send(brief, '/elastic/_bulk', bulk(start('b-1', 'x')));
    expect(refused.status).toBe(401);
    expect(refused.json().error.message).toContain('revoked');
    const listed = (await server.cli('collector', 'list')).value.find((one: Made) => one.id === brief.id);
    expect(listed).toMatchObject({ state: 'Revoked', hosts: [] });
    expect(JSON.stringify(listed)).not.toContain(brief.secret);
    const trail = await server.command(['audit', 'export']);
    expect(trail.stdout).toContain('collector.create');
    expect(trail.stdout).not.toContain(brief.secret);
  });
});

describe('bad input', () => {
  it('is refused or left out with its reason, and neighbours go on', async () => {
    const rogue = await collector('rogue');
    const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
    expect((await send(rogue, '/elastic/_bulk', bomb, { 'content-encoding': 'gzip' })).status).toBe(413);
    // So much is not even read to its end: whoever goes on sending is cut off.
    const huge = await send(rogue, '/elastic/_bulk', Buffer.alloc(100 * 1024 * 1024, 0x20)).then(
      ({ status }) => status,
      () => 'cut off',
    );
    expect([413, 'cut off']).toContain(huge);
    expect((await send(rogue, '/elastic/_bulk', 'no gzip', { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await send(rogue, '/elastic/_bulk', 'x', { 'content-encoding': 'zstd' })).status).toBe(415);
    const good = start('rogue-1', 'good');
    const later = sysmon('rogue-1', 1, { UtcTime: '2036-01-01 00:00:00.000', CommandLine: 'x' });
    const before = sysmon('rogue-1', 1, { UtcTime: '2016-01-01 00:00:00.000', CommandLine: 'x' });
    const body = Buffer.concat([
      Buffer.from(bulk(good, later, before, start('rogue-1', 'a\u0000b'))),
      Buffer.from('{"create":{}}\n'),
      Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d, 0x0a]),
      Buffer.from(
        `{"create":{}}\n{"nothing":"known"}\n{"delete":{"_id":"1"}}\n{"create":{}}\n${JSON.stringify({ ...good, UnknownColumn: 1, filler: 'x'.repeat(2 * 1024 * 1024) })}\nnot an action\n`,
      ),
      Buffer.from(bulk(sysmon('rogue-1', 1, { CommandLine: 'unknown fields', Nonsense: 'x' }))),
    ]);
    const answer = await send(rogue, '/elastic/_bulk', body);
    expect(answer.status, answer.text).toBe(200);
    expect(
      answer.json().items.map((item: Record<string, { status: number }>) => Object.values(item)[0]?.status),
    ).toEqual([201, 400, 400, 400, 400, 400, 400, 400, 400, 201]);
    expect(await counts(rogue)).toEqual({
      'request bulk malformed InvalidRequestBody': 1,
      'request bulk malformed PayloadTooLarge': 1,
      'request bulk malformed UnsupportedMediaType': 1,
      'sysmon 1 row': 2,
      'sysmon 1 quarantined Timestamp: more than a day ahead of the server': 1,
      'sysmon 1 quarantined Timestamp: older than the 30 days that are kept': 1,
      'sysmon 1 quarantined ProcessCommandLine: expected string (text without U+0000 and without lone surrogates)': 1,
      'unknown malformed not UTF-8': 1,
      'unknown malformed no known form': 1,
      'unknown malformed delete is not taken: events are only added': 1,
      'unknown malformed longer than 1048576 bytes': 1,
      'unknown malformed not an action of the bulk protocol': 1,
    });
    expect((await send(open, '/elastic/_bulk', bulk(start('neighbour', 'x')))).json().errors).toBe(false);
    await hunted("DeviceProcessEvents | where DeviceName == 'rogue-1'", 2);
  });
});
