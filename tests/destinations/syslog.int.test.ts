/** The receiver is a real rsyslog; those that misbehave are sockets of the test's own. */
import { createServer, type Socket } from 'node:net';
import { forbiddenContext, openContext, record, refusedPort, signal } from '@merlon/destinations/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { destinationKind } from '../support/destination-kind.ts';
import { type Rsyslog, startRsyslog } from '../support/rsyslog.ts';
import { eventually } from '../support/wait.ts';

const syslog = destinationKind('syslog');

let rsyslog: Rsyslog;
let strict: Rsyslog;
const cleanUp: (() => void)[] = [];

beforeAll(async () => {
  rsyslog = await startRsyslog();
  strict = await startRsyslog(true);
});
afterAll(async () => {
  await rsyslog?.stop();
  await strict?.stop();
});
afterEach(() => {
  for (const undo of cleanUp.splice(0)) undo();
});

const open = (more: object = {}) =>
  syslog.open({ host: 'localhost', port: rsyslog.tlsPort, ca: rsyslog.authority.ca, ...more }, openContext());

async function arrived(from: Rsyslog, count: number) {
  const { value } = await eventually(
    `${count} messages`,
    async () => {
      const lines = from.lines();
      return lines.length >= count ? lines : null;
    },
    { withinMs: 10_000, lastSeen: () => `${from.lines().length} are there` },
  );
  return value;
}

/** A port at which every connection is treated so. */
async function receiver(treat: (socket: Socket) => void): Promise<number> {
  const server = createServer(treat);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  cleanUp.push(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('syslog', () => {
  it('reaches rsyslog over TLS, parsed field for field', async () => {
    const before = rsyslog.lines().length;
    const destination = await open();
    const records = [
      record(1, { FileName: '"]\\ \n ünï😀' }),
      record(2),
      record(3, { Severity: 'High' }, 'AlertInfo'),
    ];
    await destination.deliver(records, signal());
    const lines = (await arrived(rsyslog, before + 3)).slice(before);
    expect(lines.map(({ msg }) => JSON.parse(msg))).toEqual(records.map(({ json }) => JSON.parse(json)));
    expect(lines[0]).toMatchObject({
      pri: '134',
      host: 'pc-1',
      app: 'merlon',
      msgid: 'DeviceProcessEvents',
      sd: `[merlon@32473 id="${records[0]?.id}" tenant="${(JSON.parse(records[0]?.json ?? '') as { tenantId: string }).tenantId}"]`,
    });
    expect(Date.parse(lines[0]?.time ?? '')).toBe(Date.UTC(2026, 10, 25, 14, 0, 1, 123));
    expect(lines[2]).toMatchObject({ pri: '130', msgid: 'AlertInfo' });
    await destination.close();
  });

  it.each([
    ['octet-counting', 'cef', /^ ?CEF:0\|Merlon/],
    ['newline', 'leef', /^ ?LEEF:2\.0\|Merlon/],
    ['newline', 'json', /^ ?\{"time"/],
  ] as const)('reaches rsyslog over TCP by %s as %s', async (framing, format, beginning) => {
    const before = rsyslog.lines().length;
    const destination = await open({
      port: rsyslog.tcpPort,
      transport: 'tcp',
      ca: undefined,
      framing,
      format,
    });
    const many = Array.from({ length: 500 }, (_, n) => record(n, { FileName: 'a\nb' }));
    await destination.deliver(many, signal());
    const lines = (await arrived(rsyslog, before + 500)).slice(before);
    expect(lines).toHaveLength(500);
    expect(lines.every(({ msg }) => beginning.test(msg))).toBe(true);
    expect(lines.map(({ sd }) => /id="([^"]*)"/.exec(sd)?.[1])).toEqual(many.map(({ id }) => id));
    await destination.close();
  });

  it('shows who we are to a receiver that asks', async () => {
    const { certificate, key } = strict.authority.issue('merlon');
    const known = { port: strict.tlsPort, ca: strict.authority.ca };
    const destination = await open({ ...known, clientCertificate: certificate, clientKey: key });
    await destination.deliver([record(1)], signal());
    expect(await arrived(strict, 1)).toHaveLength(1);
    await destination.close();
    const nobody = await open(known);
    await expect(nobody.deliver([record(2)], signal())).rejects.toMatchObject({
      fault: expect.stringMatching(/unreachable|credentials/),
    });
    expect(strict.lines()).toHaveLength(1);
    await nobody.close();
  });

  it('trusts no authority it was not given', async () => {
    const destination = await open({ ca: strict.authority.ca });
    const failure = await destination.probe(signal()).catch((error: unknown) => error);
    expect(failure).toMatchObject({ fault: 'unreachable', message: expect.stringContaining('certificate') });
    await destination.close();
  });

  it('is tried without a message', async () => {
    const before = rsyslog.lines().length;
    const destination = await open();
    await destination.probe(signal());
    await destination.deliver([record(1)], signal());
    expect(await arrived(rsyslog, before + 1)).toHaveLength(before + 1);
    await destination.close();
  });

  it.each([
    ['breaks off', (socket: Socket) => socket.once('data', () => socket.resetAndDestroy())],
    ['closes before it has read', (socket: Socket) => socket.end()],
  ])('does not believe a receiver that %s', async (_, treat) => {
    const port = await receiver((socket) => {
      socket.on('error', () => undefined);
      treat(socket);
    });
    const destination = await open({ port, transport: 'tcp', ca: undefined });
    const many = Array.from({ length: 20_000 }, (_, n) => record(n));
    await expect(destination.deliver(many, signal())).rejects.toMatchObject({ fault: 'unreachable' });
    await destination.close();
  });

  it('leaves a receiver that never closes, when writing is enough', async () => {
    let got = 0;
    const port = await receiver((socket) => {
      socket
        .on('error', () => undefined)
        .on('data', (chunk) => {
          got += chunk.length;
        });
      cleanUp.push(() => socket.destroy());
      socket.allowHalfOpen = true;
    });
    const destination = await open({ port, transport: 'tcp', ca: undefined, confirm: 'write' });
    const { bytes } = await destination.deliver([record(1)], signal());
    await eventually('the bytes arriving', async () => got === bytes, { withinMs: 5_000 });
    await destination.close();
  });

  it('refuses a record that is too long, and sends nothing of the batch', async () => {
    const before = rsyslog.lines().length;
    const destination = await open({ maxBytes: 2_000 });
    const failure = await destination
      .deliver([record(1), record(2, { FileName: 'x'.repeat(2_000) })], signal())
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ fault: 'refused', message: expect.stringContaining(record(2).id) });
    expect(rsyslog.lines()).toHaveLength(before);
    await destination.close();
  });

  it('says that nobody listens, and goes nowhere forbidden', async () => {
    const destination = await open({ port: await refusedPort() });
    await expect(destination.probe(signal())).rejects.toMatchObject({
      fault: 'unreachable',
      message: expect.stringMatching(/refuses connections/),
    });
    await destination.close();
    const guarded = await syslog.open(
      { host: 'localhost', port: rsyslog.tcpPort, transport: 'tcp' },
      forbiddenContext(),
    );
    await expect(guarded.probe(signal())).rejects.toMatchObject({ fault: 'forbidden' });
    await guarded.close();
  });

  it.each([
    [{ host: 'a:1' }, /host may not hold a port/],
    [{ transport: 'tcp', ca: 'x' }, /of TLS/],
    [{ clientKey: 'x' }, /belong together/],
  ] as const)('does not take %j', (more, message) => {
    expect(() => syslog.check({ host: 'logs.example', ...more }, [])).toThrow(message);
  });
});
