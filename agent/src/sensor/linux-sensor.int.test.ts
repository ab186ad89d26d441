import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SensorRow } from './sensor.ts';
import { KernelFixture, whyNoKernel } from './test-kernel.ts';
import { refusal } from './test-samples.ts';
import { bundleSensorProcess, SensorProcess } from './test-sensor-process.ts';

const reason = whyNoKernel();
if (reason !== null) console.log(`the Linux sensor was not tested against the kernel: ${reason}`);

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
const details = (row: SensorRow): Record<string, unknown> => JSON.parse(String(row.AdditionalFields ?? '{}'));
const process_ = (fileName: string) => (row: SensorRow) =>
  row.Table === 'DeviceProcessEvents' && row.FileName === fileName;
const file_ = (action: string, name: string) => (row: SensorRow) =>
  row.Table === 'DeviceFileEvents' && row.ActionType === action && row.FileName === name;

describe.skipIf(reason !== null)('Linux sensor on this kernel', () => {
  let fixture: KernelFixture;
  beforeAll(async () => {
    fixture = new KernelFixture('main');
    await fixture.sensor.start();
  });
  afterAll(async () => {
    await fixture.close();
  });

  it('finds each of its sources working', () => {
    const states = Object.fromEntries(
      fixture.sensor.health().map((h) => [h.source, `${h.provider} ${h.state}`]),
    );
    expect(states).toEqual({
      process: 'ebpf Running',
      network: 'ebpf Running',
      file: 'fanotify Running',
      logon: 'audit Running',
      dns: 'packet Running',
      fileHash: 'fanotify Running',
    });
    expect(fixture.of('DeviceInfo')).toHaveLength(1);
    expect(fixture.of('DeviceNetworkInfo').length).toBeGreaterThan(0);
    // The self-test leaves no trace.
    expect(fixture.of('DeviceProcessEvents')).toEqual([]);
  });

  it('sees every one of two thousand processes started as fast as can be', async () => {
    await fixture.run('i=0; while [ $i -lt 2000 ]; do /bin/true burst$i; i=$((i+1)); done');
    const burst = (): SensorRow[] =>
      fixture.rows.filter((row) => /burst/.test(String(row.ProcessCommandLine)));
    await fixture.until('2000 rows', () => burst().filter(process_('true')).length >= 2000);
    const seen = burst().filter(process_('true'));
    expect(seen).toHaveLength(2000);
    expect(new Set(seen.map((row) => row.ProcessCommandLine)).size).toBe(2000);
    const hash = sha256(readFileSync('/bin/true'));
    expect(seen.filter((row) => row.SHA256 !== hash)).toEqual([]);
    expect(new Set(seen.map((row) => row.ProcessUniqueId)).size).toBe(2000);
    expect(fixture.sensor.health().find((h) => h.source === 'process')?.lost).toBe(0);
  });

  it('tells who started what, by exact creation times', async () => {
    await fixture.run('sh -c "/bin/echo lineage; true"');
    const echo = await fixture.row(
      'echo',
      (row) => process_('echo')(row) && row.ProcessCommandLine === '/bin/echo lineage',
    );
    const shell = await fixture.row(
      'its shell',
      (row) =>
        row.ProcessId === echo.InitiatingProcessId &&
        row.ProcessCommandLine === 'sh -c /bin/echo lineage; true',
    );
    expect(echo.InitiatingProcessCreationTime).toBe(shell.ProcessCreationTime);
    expect(echo.InitiatingProcessUniqueId).toBe(shell.ProcessUniqueId);
    expect(echo.InitiatingProcessSHA256).toBe(shell.SHA256);
    expect(echo.InitiatingProcessParentId).toBe(shell.InitiatingProcessId);
    expect(String(echo.ProcessCreationTime) <= String(echo.Timestamp)).toBe(true);
    expect(Math.abs(Date.parse(String(echo.Timestamp)) - Date.now())).toBeLessThan(60_000);
    expect(echo).toMatchObject({ AccountName: 'root', FolderPath: '/usr/bin/echo' });
    expect(details(echo).CurrentWorkingDirectory).toBe(fixture.folder);
  });

  it('names the interpreter of a script, whose command line shows the script', async () => {
    const script = join(fixture.folder, 'job.sh');
    writeFileSync(script, '#!/bin/sh\nexit 0\n');
    chmodSync(script, 0o755);
    await fixture.run('./job.sh one two');
    const row = await fixture.row(
      'the script',
      (r) => /job\.sh one two/.test(String(r.ProcessCommandLine)) && r.FileName !== 'sh',
    );
    expect(String(row.FolderPath)).toMatch(/^\/usr\/bin\/(da|ba)sh$/);
    expect(row.ProcessCommandLine).toBe('/bin/sh ./job.sh one two');
  });

  it('hashes a dropped program that deletes itself at once', async () => {
    await fixture.run('cp /bin/true dropped && echo more >> dropped && ./dropped run; rm dropped');
    const row = await fixture.row('the dropped program', process_('dropped'));
    expect(row.SHA256).toBe(sha256(Buffer.concat([readFileSync('/bin/true'), Buffer.from('more\n')])));
    expect(row.FolderPath).toBe(join(fixture.folder, 'dropped'));
  });

  it('says when it has only the start of a long command line', async () => {
    await fixture.run(`/bin/true ${'x'.repeat(20_000)}`);
    const row = await fixture.row(
      'the long one',
      (r) => process_('true')(r) && String(r.ProcessCommandLine).includes('xxx'),
    );
    expect(String(row.ProcessCommandLine)).toHaveLength(8191);
    expect(details(row).CommandLineBytes).toBe('/bin/true'.length + 1 + 20_000 + 1);
  });

  it('sees listening, connecting, accepting and failing', async () => {
    const server = join(fixture.folder, 'net.mjs');
    writeFileSync(
      server,
      `import { connect, createServer } from 'node:net';
       const s = createServer((c) => c.end()).listen(0, '127.0.0.1', () => {
         const c = connect(s.address().port, '127.0.0.1').on('close', () => {
           s.close();
           connect(1, '127.0.0.1').on('error', () => process.exit(0));
         });
         c.resume();
       });`,
    );
    expect((await fixture.run(`${process.execPath} net.mjs`)).code).toBe(0);
    const actions = [
      'ListeningConnectionCreated',
      'ConnectionSuccess',
      'InboundConnectionAccepted',
      'ConnectionFailed',
    ];
    await fixture.until('four rows', () =>
      actions.every((a) => fixture.of('DeviceNetworkEvents', a).length > 0),
    );
    const [listening, success, inbound, failed] = actions.map((a) => fixture.of('DeviceNetworkEvents', a)[0]);
    expect(success).toMatchObject({
      RemoteIP: '127.0.0.1',
      RemotePort: listening?.LocalPort,
      RemoteIPType: 'Loopback',
      Protocol: 'Tcp',
    });
    expect(inbound).toMatchObject({ LocalPort: listening?.LocalPort, RemotePort: success?.LocalPort });
    expect(failed).toMatchObject({ RemotePort: 1, AdditionalFields: '{"Error":"ECONNREFUSED"}' });
    for (const row of [listening, success, inbound, failed])
      expect(row?.InitiatingProcessCommandLine).toBe(`${process.execPath} net.mjs`);
  });

  it('sees files made, changed, renamed and deleted, by whom, and folders that are gone at once', async () => {
    await fixture.run(
      'mkdir -p deep/er && echo 1 > deep/er/f && mv deep deeper && sh -c "echo 2 >> deeper/er/f" && mv deeper/er/f deeper/er/g && rm -rf deeper',
    );
    const deleted = await fixture.row('the deletion', file_('FileDeleted', 'g'));
    expect(deleted).toMatchObject({
      FolderPath: join(fixture.folder, 'deeper/er/g'),
      InitiatingProcessFileName: 'rm',
    });
    expect(await fixture.row('the creation', file_('FileCreated', 'f'))).toMatchObject({
      FolderPath: join(fixture.folder, 'deep/er/f'),
    });
    expect(await fixture.row('the change', file_('FileModified', 'f'))).toMatchObject({
      InitiatingProcessCommandLine: 'sh -c echo 2 >> deeper/er/f',
    });
    expect(await fixture.row('the renaming', file_('FileRenamed', 'g'))).toMatchObject({
      PreviousFileName: 'f',
      PreviousFolderPath: join(fixture.folder, 'deeper/er/f'),
      InitiatingProcessFileName: 'mv',
    });
  });

  it('sees logons that succeed and fail, without an audit rule', async () => {
    await fixture.run('su nobody -s /bin/sh -c "echo wrong | su root -c true"');
    const failed = await fixture.row('the failure', (r) => r.ActionType === 'LogonFailed');
    expect(failed).toMatchObject({
      AccountName: 'root',
      FailureReason: 'InvalidUserNameOrPassword',
      InitiatingProcessAccountName: 'nobody',
    });
    expect(fixture.of('DeviceLogonEvents', 'LogonSuccess')[0]).toMatchObject({
      AccountName: 'nobody',
      Protocol: 'su',
    });
  });

  it('sees an account made, in a root of its own', async () => {
    const root = join(fixture.folder, 'root');
    mkdirSync(join(root, 'etc'), { recursive: true });
    for (const name of ['passwd', 'group', 'shadow', 'gshadow']) writeFileSync(join(root, 'etc', name), '');
    writeFileSync(join(root, 'etc/login.defs'), 'UID_MIN 1000\nUID_MAX 60000\nGID_MIN 1000\nGID_MAX 60000\n');
    expect(await fixture.run(`useradd -R ${root} -N -u 4242 merlontest`)).toMatchObject({ code: 0 });
    const row = await fixture.row('the account', (r) => r.ActionType === 'UserAccountCreated');
    expect(row.InitiatingProcessFileName).toBe('useradd');
  });

  it('names the container of a process by its cgroup', async () => {
    const id = 'c0ffee'.padEnd(64, '0');
    await fixture.run('exec /bin/true contained', `/docker-${id}.scope`);
    const row = await fixture.row('the contained', (r) => r.ProcessCommandLine === '/bin/true contained');
    expect(details(row).ContainerId).toBe(id);
  });

  it('makes only rows that ingest takes', () => {
    const refused = fixture.rows.map(refusal).filter((r) => r !== null);
    expect(refused).toEqual([]);
  });
});

describe.skipIf(reason !== null)('Linux sensor in other circumstances', () => {
  it('does not see what is outside its cgroup', async () => {
    const fixture = new KernelFixture('outside');
    try {
      await fixture.sensor.start();
      execFileSync('/bin/true', ['outside']);
      await fixture.run('/bin/true inside');
      await fixture.row('inside', (r) => r.ProcessCommandLine === '/bin/true inside');
      expect(fixture.rows.filter((r) => /outside/.test(String(r.ProcessCommandLine)))).toEqual([]);
    } finally {
      await fixture.close();
    }
  });

  it('falls back to /proc without BPF, and says so', async () => {
    const fixture = new KernelFixture('proc', { withoutBpf: true });
    try {
      await fixture.sensor.start();
      const health = fixture.sensor.health();
      expect(health.find((h) => h.source === 'process')).toMatchObject({
        provider: 'proc',
        state: 'Degraded',
      });
      expect(health.find((h) => h.source === 'network')).toMatchObject({ state: 'Unavailable' });
      await fixture.run('sleep 2.5');
      const row = await fixture.row('the sleep', process_('sleep'));
      expect(row).toMatchObject({
        ProcessCommandLine: 'sleep 2.5',
        SHA256: sha256(readFileSync('/bin/sleep')),
      });
      expect(refusal(row)).toBeNull();
    } finally {
      await fixture.close();
    }
  });

  it('starts and stops again and again without leaving descriptors behind', async () => {
    const fixture = new KernelFixture('again');
    // Read by this process: one that it started to look would now and then see the ends of its own pipes as well.
    const open = (): number => readdirSync('/proc/self/fd').length;
    try {
      await fixture.sensor.start();
      await fixture.sensor.stop();
      const before = open();
      for (let i = 0; i < 3; i++) {
        const again = new KernelFixture(`again${i}`);
        await again.sensor.start();
        await again.close();
      }
      expect(open()).toBeLessThanOrEqual(before + 1);
    } finally {
      await fixture.close();
    }
  });

  it('may be stopped while it starts, and then opens nothing more', async () => {
    const fixture = new KernelFixture('early');
    try {
      const started = fixture.sensor.start();
      await fixture.until('its sources', () =>
        fixture.sensor.health().some((h) => h.source === 'dns' && h.state === 'Running'),
      );
      await fixture.sensor.stop();
      await started;
      expect(fixture.of('DeviceInfo')).toEqual([]);
    } finally {
      await fixture.close();
    }
  });

  it('counts what the rate limit holds back', async () => {
    const fixture = new KernelFixture('limit', { rateLimit: { perSecond: 1, burst: 20 } });
    try {
      await fixture.sensor.start();
      await fixture.run('i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done');
      const process = () => fixture.sensor.health().find((h) => h.source === 'process');
      // The shell is one more, but it was started before it went into the cgroup.
      await fixture.until('all 200 seen', () => (process()?.events ?? 0) >= 200);
      expect(process()?.lost).toBeGreaterThan(150);
      expect(process()?.reason).toMatch(/held back by the rate limit/);
      // A row is either sent or counted; those sent may still wait for their hashes.
      await fixture.until('sent and held back to make all', () => {
        const { events = 0, lost = 0 } = process() ?? {};
        return fixture.of('DeviceProcessEvents').length + lost === events;
      });
    } finally {
      await fixture.close();
    }
  });
});

describe.skipIf(reason !== null)('Linux sensor as a process of its own', () => {
  let folder = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'merlon-own-'));
    chmodSync(folder, 0o755);
    await bundleSensorProcess(folder);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('starts without rights, and names what it cannot see', async () => {
    const data = join(folder, 'nobody');
    mkdirSync(data);
    chownSync(data, 65534, 65534);
    const sensor = await SensorProcess.start([process.execPath, join(folder, 'sensor.mjs'), data], {
      uid: 65534,
      gid: 65534,
    });
    await sensor.stop();
    expect(sensor.health.map((h) => `${h.source} ${h.state}`)).toEqual([
      'process Degraded',
      'network Unavailable',
      'file Unavailable',
      'logon Unavailable',
      'dns Unavailable',
      'fileHash Degraded',
    ]);
    for (const { reason: why } of sensor.health) expect(why).toBeTruthy();
  });

  it('speaks for its network namespace alone, as one of several hosts on a kernel', async () => {
    const name = `merlon-t${process.pid}`;
    const inside = ['ip', 'netns', 'exec', name];
    const run = (...command: string[]): string =>
      execFileSync(command[0] ?? '', command.slice(1), { encoding: 'utf8' });
    run('ip', 'netns', 'add', name);
    try {
      run(...inside, 'ip', 'link', 'set', 'lo', 'up');
      const sensor = await SensorProcess.start(
        [...inside, process.execPath, join(folder, 'sensor.mjs'), join(folder, 'netns')],
        { env: { ...process.env, MERLON_SENSOR_SCOPE: 'netns' } },
      );
      const resolver = join(folder, 'resolver.mjs');
      writeFileSync(resolver, NAME_SERVER_AND_CLIENT);
      run(...inside, process.execPath, resolver);
      run('/bin/true', 'elsewhere');
      run(...inside, '/bin/sh', '-c', `echo 1 > ${folder}/here`);
      run('/bin/sh', '-c', `echo 1 > ${folder}/there`);
      run(...inside, 'su', 'nobody', '-s', '/bin/true');
      await sensor.until(
        'what was done',
        () =>
          sensor.rows.some((r) => r.FileName === 'here') &&
          sensor.rows.some((r) => r.ActionType === 'LogonSuccess'),
      );
      await sensor.stop();

      expect(sensor.health.filter((h) => h.state !== 'Running')).toEqual([]);
      const told = JSON.stringify(sensor.rows);
      expect(told).not.toContain('elsewhere');
      expect(told).not.toContain('/there"');
      const answer = sensor.rows.find((r) => r.ActionType === 'DnsQueryResponse');
      expect(answer).toMatchObject({ RemoteUrl: 'c2.example.com' });
      const connection = sensor.rows.find((r) => r.ActionType === 'ConnectionSuccess');
      expect(connection).toMatchObject({
        RemoteIP: '127.0.0.9',
        RemoteUrl: 'c2.example.com',
        InitiatingProcessCommandLine: `${process.execPath} ${resolver}`,
      });
      const adapters = sensor.rows
        .filter((r) => r.Table === 'DeviceNetworkInfo')
        .map((r) => r.NetworkAdapterName);
      expect(adapters).toContain('lo');
      expect(adapters).not.toContain('eth0');
      expect(sensor.rows.map(refusal).filter((r) => r !== null)).toEqual([]);
    } finally {
      run('ip', 'netns', 'del', name);
    }
  });
});

/** Answers one question with 127.0.0.9, asks it, and connects to the answer. */
const NAME_SERVER_AND_CLIENT = `
  import { createSocket } from 'node:dgram';
  import { connect, createServer } from 'node:net';
  const question = Buffer.concat([Buffer.from([2]), Buffer.from('c2'), Buffer.from([7]), Buffer.from('example'), Buffer.from([3]), Buffer.from('com'), Buffer.from([0, 0, 1, 0, 1])]);
  const head = (flags, answers) => Buffer.from([0x12, 0x34, flags >> 8, flags & 255, 0, 1, 0, answers, 0, 0, 0, 0]);
  const server = createSocket('udp4');
  server.on('message', (m, from) => server.send(Buffer.concat([head(0x8180, 1), question, Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 9])]), from.port, from.address));
  server.bind(53, '127.0.0.1', () => {
    const client = createSocket('udp4');
    client.on('message', () => {
      client.close();
      server.close();
      const listener = createServer((c) => c.end()).listen(8081, '127.0.0.9', () => {
        connect(8081, '127.0.0.9').resume().on('close', () => listener.close());
      });
    });
    client.send(Buffer.concat([head(0x0100, 0), question]), 53, '127.0.0.1');
  });
`;
