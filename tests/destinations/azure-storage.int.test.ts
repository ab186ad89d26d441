/** Against Azurite, Microsoft's emulator; read back by the Azure SDK, by byte offset as the field's readers do. */
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, connect, createServer as createProxy, type Server, type Socket } from 'node:net';
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  BlobServiceClient,
  generateAccountSASQueryParameters,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { DeliveryError, type Destination, destinationKinds, type ExportRecord } from '@merlon/destinations';
import { forbiddenContext, openContext, record, refusedPort, signal } from '@merlon/destinations/testing';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Azurite, startAzurite } from '../support/azurite.ts';
import { type CertificateAuthority, certificateAuthority } from '../support/certificates.ts';

const SECRET = 'a-secret-nobody-may-see';
const TENANT = '5f0c3c52-7d1e-4a4b-9d58-0f8a6f4d2c11';
const FOLDER = `tenantId=${TENANT}/y=2026/m=11/d=25/h=14/m=00`;
const PROCESSES = 'insights-logs-advancedhunting-deviceprocessevents';
const FILES = 'insights-logs-advancedhunting-devicefileevents';

let azurite: Azurite;
const kind = destinationKinds.find(({ name }) => name === 'azureStorage');

const open = async (settings: object, context = openContext()): Promise<Destination> => {
  if (!kind) throw new Error('there is no kind azureStorage');
  kind.check(settings, ['DeviceProcessEvents']);
  return kind.open(settings, context);
};
const byString = (more: object = {}) => ({
  authentication: 'connectionString',
  connectionString: azurite.connectionString,
  allowHttp: true,
  ...more,
});
const reader = () => BlobServiceClient.fromConnectionString(azurite.connectionString);
const records = (from: number, to: number, more: object = {}, table?: string): ExportRecord[] =>
  Array.from({ length: to - from }, (_, index) => record(from + index, { ...more }, table));
/** Into an hour that no other test writes to. */
const inHour = (hour: string, list: readonly ExportRecord[]): ExportRecord[] =>
  list.map((one) => ({ ...one, time: `2026-11-26T${hour}${one.time.slice(13)}` }));
const hourFolder = (hour: string) => `tenantId=${TENANT}/y=2026/m=11/d=26/h=${hour}/m=00`;
const read = async (container: string, name: string): Promise<string> =>
  String(await reader().getContainerClient(container).getBlobClient(name).downloadToBuffer());
const lines = (sent: readonly ExportRecord[]) => sent.map(({ json }) => `${json}\r\n`).join('');

async function failure(work: Promise<unknown>): Promise<DeliveryError> {
  const error: unknown = await work.then(
    () => undefined,
    (why: unknown) => why,
  );
  if (!(error instanceof DeliveryError)) throw new Error('not refused by name', { cause: error });
  for (const secret of [SECRET, azurite.key]) expect(error.message).not.toContain(secret);
  return error;
}

beforeAll(async () => {
  azurite = await startAzurite();
});
afterAll(() => azurite?.stop());

describe('records in Azure Storage', () => {
  it('lie in a container for each table, a blob for each hour, a line for each record, appended to', async () => {
    const destination = await open(byString());
    await destination.probe(signal(), ['DeviceProcessEvents']);
    const first = records(0, 50);
    const files = records(50, 60, {}, 'DeviceFileEvents');
    const { bytes } = await destination.deliver([...first, ...files], signal());
    expect(bytes).toBe(Buffer.byteLength(lines([...first, ...files])));

    // A reader follows by offset.
    const blob = reader().getContainerClient(PROCESSES).getBlobClient(`${FOLDER}/PT1H.json`);
    let text = String(await blob.downloadToBuffer());
    expect(text).toBe(lines(first));
    const second = records(60, 100);
    await destination.deliver(second, signal());
    text += String(await blob.downloadToBuffer(Buffer.byteLength(text)));
    expect(text).toBe(lines([...first, ...second]));
    expect((await blob.getProperties()).blobType).toBe('AppendBlob');
    expect(await read(FILES, `${FOLDER}/PT1H.json`)).toBe(lines(files));
    await destination.close();
  });

  it('are appended to what an earlier start left', async () => {
    const all: ExportRecord[] = [];
    for (const from of [0, 5, 10]) {
      const destination = await open(byString());
      const some = inHour('01', records(from, from + 5));
      await destination.deliver(some, signal());
      await destination.close();
      all.push(...some);
    }
    expect(await read(PROCESSES, `${hourFolder('01')}/PT1H.json`)).toBe(lines(all));
  });

  it('come in blocks that end with a line and are no larger than every version of the service takes', async () => {
    const destination = await open(byString());
    const large = inHour('02', records(0, 50, { Text: 'x'.repeat(200_000) }));
    await destination.deliver(large, signal());
    const client = reader()
      .getContainerClient(PROCESSES)
      .getAppendBlobClient(`${hourFolder('02')}/PT1H.json`);
    expect((await client.getProperties()).blobCommittedBlockCount).toBe(3);
    expect(await read(PROCESSES, `${hourFolder('02')}/PT1H.json`)).toBe(lines(large));
    await destination.close();
  });

  it('go on in a further blob when one is full', async () => {
    const all = inHour('03', records(0, 6));
    for (const some of [all.slice(0, 4), all.slice(4)]) {
      const destination = await open(byString({ blocksPerBlob: 2 }));
      for (const one of some) await destination.deliver([one], signal());
      await destination.close();
    }
    const folder = hourFolder('03');
    expect(await read(PROCESSES, `${folder}/PT1H.json`)).toBe(lines(all.slice(0, 2)));
    expect(await read(PROCESSES, `${folder}/PT1H_1.json`)).toBe(lines(all.slice(2, 4)));
    expect(await read(PROCESSES, `${folder}/PT1H_2.json`)).toBe(lines(all.slice(4)));
  });

  it('are not lost when somebody else writes to the same blob', async () => {
    const [one, other] = [await open(byString()), await open(byString())];
    const sent = [inHour('04', records(0, 40)), inHour('04', records(40, 80))] as const;
    for (let at = 0; at < 40; at += 4)
      await Promise.all([
        one.deliver(sent[0].slice(at, at + 4), signal()),
        other.deliver(sent[1].slice(at, at + 4), signal()),
      ]);
    await Promise.all([one.close(), other.close()]);
    const text = await read(PROCESSES, `${hourFolder('04')}/PT1H.json`);
    expect(text.split('\r\n').filter(Boolean).sort()).toEqual(
      sent
        .flat()
        .map(({ json }) => json)
        .sort(),
    );
  });

  it('arrive once though the service goes away between and during calls', async () => {
    const destination = await open(byString());
    const sent = inHour('05', [...records(0, 400), ...records(0, 400, {}, 'DeviceFileEvents')]);
    let failures = 0;
    for (let from = 0; from < sent.length; from += 50) {
      const batch = sent.slice(from, from + 50);
      if (from === 200) await azurite.halt();
      for (;;) {
        const delivering = destination.deliver(batch, signal());
        const halting = from === 400 && failures < 10 ? azurite.halt() : undefined;
        const error: unknown = await delivering.then(
          () => undefined,
          (why: unknown) => why,
        );
        await halting;
        if (halting) failures += 10;
        if (error !== undefined || halting) await azurite.restart();
        if (error === undefined) break;
        expect(error).toMatchObject({ fault: 'unreachable' });
        failures += 1;
      }
    }
    await destination.close();
    expect(failures).toBeGreaterThan(0);
    for (const [container, table] of [
      [PROCESSES, 'DeviceProcessEvents'],
      [FILES, 'DeviceFileEvents'],
    ] as const)
      expect(await read(container, `${hourFolder('05')}/PT1H.json`)).toBe(
        lines(sent.filter((one) => one.table === table)),
      );
  });
});

describe('an append whose answer is lost', () => {
  let proxy: Server;
  let url: string;
  /** So many answers to appends, and to what looks for them, are cut off. */
  let cut = 0;

  beforeAll(async () => {
    const target = new URL(azurite.url);
    const sockets = new Set<Socket>();
    proxy = createProxy((client) => {
      const upstream = connect(Number(target.port), target.hostname);
      sockets.add(client).add(upstream);
      let asking = false;
      client.on('data', (chunk) => {
        if (/comp=appendblock|^GET /.test(chunk.toString('latin1'))) asking = true;
        upstream.write(chunk);
      });
      upstream.on('data', (chunk) => {
        if (asking && cut > 0) {
          cut -= 1;
          client.destroy();
          upstream.destroy();
          return;
        }
        asking = false;
        client.write(chunk);
      });
      for (const socket of [client, upstream]) {
        socket.on('error', () => undefined);
        socket.on('close', () => {
          client.destroy();
          upstream.destroy();
        });
      }
    });
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/${azurite.account}`;
  });
  afterAll(() => proxy?.close());

  it.each([
    ['is recognised by the client that asks again', '06', 1, 0],
    // The client asks three times for each of the two blobs.
    ['is recognised by the next call', '07', 5, 1],
    ['is recognised by the call after the next', '08', 11, 2],
  ])('%s', async (_, hour, lost, failures) => {
    const destination = await open({
      ...byString(),
      connectionString: `DefaultEndpointsProtocol=http;AccountName=${azurite.account};AccountKey=${azurite.key};BlobEndpoint=${url};`,
    });
    const sent = inHour(hour, [...records(0, 10), ...records(10, 15, {}, 'DeviceFileEvents')]);
    await destination.deliver(sent.slice(0, 5), signal());
    cut = lost;
    let failed = 0;
    for (;;) {
      const error: unknown = await destination.deliver(sent.slice(5), signal()).then(
        () => undefined,
        (why: unknown) => why,
      );
      if (error === undefined) break;
      expect(error).toMatchObject({ fault: 'unreachable' });
      failed += 1;
    }
    await destination.close();
    expect(failed).toBeGreaterThanOrEqual(failures);
    expect(cut).toBe(0);
    expect(await read(PROCESSES, `${hourFolder(hour)}/PT1H.json`)).toBe(lines(sent.slice(0, 10)));
    expect(await read(FILES, `${hourFolder(hour)}/PT1H.json`)).toBe(lines(sent.slice(10)));
  });
});

describe('the way to Azure Storage', () => {
  let authority: CertificateAuthority;
  let secure: Azurite;
  let entra: ReturnType<typeof createServer>;
  let machine: ReturnType<typeof createHttpServer>;
  const portOf = (server: Server) => (server.address() as AddressInfo).port;

  const token = () =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(`https://sts.windows.net/${TENANT}/`)
      .setAudience('https://storage.azure.com')
      .setNotBefore('0s')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(Buffer.from('the emulator does not look at the signature'));

  beforeAll(async () => {
    authority = certificateAuthority();
    const issued = authority.issue('localhost', ['DNS:localhost', 'IP:127.0.0.1']);
    secure = await startAzurite({ tls: issued });
    // What of Microsoft Entra ID a client with a secret speaks to.
    entra = createServer({ cert: issued.certificate, key: issued.key }, async (request, answer) => {
      const base = `https://localhost:${portOf(entra)}/${TENANT}`;
      answer.setHeader('content-type', 'application/json');
      if (request.url?.includes('openid-configuration')) {
        const endpoint = `${base}/oauth2/v2.0`;
        answer.end(
          JSON.stringify({
            issuer: `${base}/v2.0`,
            authorization_endpoint: `${endpoint}/authorize`,
            token_endpoint: `${endpoint}/token`,
            jwks_uri: `${base}/keys`,
          }),
        );
        return;
      }
      let body = '';
      for await (const chunk of request) body += chunk;
      if (new URLSearchParams(body).get('client_secret') !== SECRET) {
        answer.writeHead(401).end(
          JSON.stringify({
            error: 'invalid_client',
            error_description: `AADSTS7000215: Invalid client secret ${SECRET} provided.`,
          }),
        );
        return;
      }
      answer.end(JSON.stringify({ token_type: 'Bearer', expires_in: 3_600, access_token: await token() }));
    });
    // What of a machine in Azure a managed identity is asked of.
    machine = createHttpServer(async (request, answer) => {
      if (request.headers['x-identity-header'] !== SECRET) answer.writeHead(403).end();
      else
        answer.end(
          JSON.stringify({
            token_type: 'Bearer',
            expires_on: String(Math.floor(Date.now() / 1_000) + 3_600),
            access_token: await token(),
          }),
        );
    });
    await new Promise<void>((done) => entra.listen(0, '127.0.0.1', done));
    await new Promise<void>((done) => machine.listen(0, '127.0.0.1', done));
  });
  afterAll(async () => {
    entra?.close();
    machine?.close();
    await secure?.stop();
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  const principal = (more: object = {}) => ({
    authentication: 'servicePrincipal',
    accountUrl: secure.url,
    ca: authority.ca,
    tenantId: TENANT,
    clientId: 'merlon',
    clientSecret: SECRET,
    authorityHost: `https://localhost:${portOf(entra)}`,
    ...more,
  });
  const sas = (permissions: string, expiresOn = new Date(Date.now() + 3_600_000)) =>
    generateAccountSASQueryParameters(
      {
        services: AccountSASServices.parse('b').toString(),
        resourceTypes: AccountSASResourceTypes.parse('co').toString(),
        permissions: AccountSASPermissions.parse(permissions),
        protocol: SASProtocol.HttpsAndHttp,
        startsOn: new Date('2020-01-01T00:00:00Z'),
        expiresOn,
      },
      new StorageSharedKeyCredential(azurite.account, azurite.key),
    ).toString();
  const bySas = (sasToken: string) => ({
    authentication: 'sas',
    accountUrl: azurite.url,
    sasToken,
    allowHttp: true,
  });

  it.each([
    ['a shared access signature', () => bySas(sas('racwl'))],
    ['a service principal', () => principal()],
    [
      'a managed identity',
      () => {
        vi.stubEnv('IDENTITY_ENDPOINT', `http://127.0.0.1:${portOf(machine)}/token`);
        vi.stubEnv('IDENTITY_HEADER', SECRET);
        return { authentication: 'managedIdentity', accountUrl: secure.url, ca: authority.ca };
      },
    ],
  ])('is opened by %s', async (_, settings) => {
    const destination = await open(settings());
    await destination.probe(signal(), ['DeviceProcessEvents']);
    await destination.deliver(inHour('09', records(0, 2)), signal());
    await destination.probe(signal(), ['DeviceProcessEvents']);
    await destination.close();
  });

  it.each<[string, () => object, string, string]>([
    [
      'a wrong key',
      () => byString({ connectionString: azurite.connectionString.replace('AccountKey=E', 'AccountKey=F') }),
      // The service itself says AuthenticationFailed.
      'forbidden',
      'AuthorizationFailure',
    ],
    [
      'a signature that is over',
      () => bySas(sas('racw', new Date('2020-01-02T00:00:00Z'))),
      'credentials',
      'sasToken ended at 2020-01-02',
    ],
    ['a signature that may only read', () => bySas(sas('r')), 'forbidden', ''],
    [
      'a wrong client secret',
      () => principal({ clientSecret: `${SECRET}-not` }),
      'credentials',
      'AADSTS7000215',
    ],
    [
      'an authority that is not trusted',
      () => principal({ ca: certificateAuthority('Other').ca }),
      'unreachable',
      'certificate',
    ],
    [
      'a name without an address',
      () => principal({ accountUrl: 'https://nowhere.invalid' }),
      'unreachable',
      '',
    ],
    [
      'a container that may not be made',
      () => byString({ createContainers: false }),
      'missing',
      'insights-logs-advancedhunting-devicelogonevents',
    ],
  ])('%s has a name', async (_, settings, fault, message) => {
    const destination = await open(settings());
    const logons = records(0, 1, {}, 'DeviceLogonEvents');
    for (const attempt of [
      () => destination.deliver(logons, signal()),
      () => destination.probe(signal(), ['DeviceLogonEvents']),
    ]) {
      const error = await failure(attempt());
      expect([error.fault, error.message]).toEqual([fault, expect.stringContaining(message)]);
    }
    await destination.close();
  });

  it('nobody at the address has a name', async () => {
    const port = await refusedPort();
    const destination = await open({
      ...byString(),
      connectionString: `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=${azurite.key};BlobEndpoint=http://127.0.0.1:${port}/a;`,
    });
    expect(await failure(destination.deliver(records(0, 1), signal()))).toMatchObject({
      fault: 'unreachable',
      message: `127.0.0.1:${port} refuses connections.`,
    });
    await destination.close();
  });

  it('an address that the operator forbids is not connected to', async () => {
    for (const settings of [byString(), principal()]) {
      const destination = await open(settings, forbiddenContext());
      expect(await failure(destination.deliver(records(0, 1), signal()))).toMatchObject({
        fault: 'forbidden',
      });
      await destination.close();
    }
  });

  it('a call that is given up ends with the reason that was given', async () => {
    const destination = await open(byString());
    const reason = new Error('enough');
    await expect(destination.deliver(records(0, 2), AbortSignal.abort(reason))).rejects.toBe(reason);
    await destination.close();
  });
});
