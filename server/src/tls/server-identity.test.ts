import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addressBytes } from './certificate.ts';
import { ensureServerIdentity, serverNames } from './server-identity.ts';

const now = new Date();
const later = (days: number) => new Date(now.getTime() + days * 86_400_000);
let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'merlon-tls-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('server identity', () => {
  it('is trusted by a client that knows only ca.pem, by name and by address', async () => {
    const identity = await ensureServerIdentity({ home, names: ['merlon.example', '127.0.0.1', '::1'], now });
    const server = createServer({ key: identity.keyPem, cert: identity.chainPem }, (socket) =>
      socket.end('hello'),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const ca = await readFile(join(home, 'ca.pem'));
    for (const servername of ['merlon.example', undefined]) {
      const socket = connect({ host: '127.0.0.1', port, ca, ...(servername ? { servername } : {}) });
      await once(socket, 'secureConnect');
      expect(socket.authorized).toBe(true);
      socket.destroy();
    }
    const stranger = connect({ host: '127.0.0.1', port, ca, servername: 'other.example' });
    const [error] = (await once(stranger, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
    server.close();
  });

  it('keeps keys to their owner', async () => {
    await ensureServerIdentity({ home, names: ['localhost'], now });
    for (const file of ['tls/ca.key', 'tls/server.key']) {
      expect((await stat(join(home, file))).mode & 0o777).toBe(0o600);
    }
    expect((await stat(join(home, 'tls'))).mode & 0o777).toBe(0o700);
  });

  it('is kept over restarts, and remade for a new name or near its end, under the same CA', async () => {
    const first = await ensureServerIdentity({ home, names: ['localhost', '::1'], now });
    const same = await ensureServerIdentity({ home, names: ['localhost', '::1'], now: later(300) });
    expect(same).toMatchObject({ renewed: false, chainPem: first.chainPem });
    const named = await ensureServerIdentity({ home, names: ['localhost', '::1', 'new.example'], now });
    expect(named).toMatchObject({ renewed: true, caPem: first.caPem });
    const aged = await ensureServerIdentity({ home, names: ['localhost'], now: later(370) });
    expect(aged).toMatchObject({ renewed: true, caPem: first.caPem });
  });

  it('follows a new authority', async () => {
    const first = await ensureServerIdentity({ home, names: ['localhost'], now });
    await rm(join(home, 'tls/ca.key'));
    await rm(join(home, 'ca.pem'));
    const second = await ensureServerIdentity({ home, names: ['localhost'], now });
    expect(second.renewed).toBe(true);
    expect(second.caPem).not.toBe(first.caPem);
  });

  it('refuses to replace half an authority in silence', async () => {
    await ensureServerIdentity({ home, names: ['localhost'], now });
    await rm(join(home, 'tls/ca.key'));
    await expect(ensureServerIdentity({ home, names: ['localhost'], now })).rejects.toThrow(
      /belong together/,
    );
  });

  it('recovers when key and certificate do not belong together', async () => {
    await ensureServerIdentity({ home, names: ['localhost'], now });
    const old = await readFile(join(home, 'tls/server.pem'));
    await ensureServerIdentity({ home, names: ['localhost', 'new.example'], now });
    await writeFile(join(home, 'tls/server.pem'), old);
    expect((await ensureServerIdentity({ home, names: ['localhost'], now })).renewed).toBe(true);
  });

  it('makes a CA that may only sign, and says so critically', async () => {
    const { caPem, chainPem } = await ensureServerIdentity({ home, names: ['localhost'], now });
    expect(new X509Certificate(caPem).ca).toBe(true);
    expect(new X509Certificate(chainPem).ca).toBe(false);
  });
});

describe('names', () => {
  it('put the public host first and hold the loopback names', () => {
    const names = serverNames('https://Merlon.Example:9443');
    expect(names[0]).toBe('merlon.example');
    expect(names).toEqual(expect.arrayContaining(['localhost', '127.0.0.1', '::1']));
    expect(new Set(names).size).toBe(names.length);
  });

  it.each([
    ['10.1.2.3', '0a010203'],
    ['::1', '00000000000000000000000000000001'],
    ['2001:db8::ff00:42:8329', '20010db8000000000000ff0000428329'],
    ['::ffff:1.2.3.4', '00000000000000000000ffff01020304'],
    ['fd00::', 'fd000000000000000000000000000000'],
  ])('turns %s into bytes', (address, hex) => {
    expect(addressBytes(address).toString('hex')).toBe(hex);
  });
});
