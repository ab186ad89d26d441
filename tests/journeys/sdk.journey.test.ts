/**
 * The libraries people sign in with, unmodified, against a live server. Needs Python 3 with venv and Go: libraries are installed from their registries at
 * pinned versions, Python's into a folder under node_modules/.cache.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Person, person } from '../support/person.ts';
import { type SelfSigned, selfSigned } from '../support/self-signed.ts';
import { AUDIENCE, startServer, type TestServer } from '../support/server.ts';

const run = promisify(execFile);
const sdk = fileURLToPath(new URL('../support/sdk/', import.meta.url));
const cache = fileURLToPath(new URL('../../node_modules/.cache/merlon-sdk/', import.meta.url));
const python = join(cache, 'venv', 'bin', 'python');
const password = 'a long enough password 1';
const redirect = 'http://localhost:5000/callback';

const programs = {
  '@azure/identity': { command: [process.execPath, join(sdk, 'azure-identity.mjs')] },
  '@azure/msal-node': { command: [process.execPath, join(sdk, 'msal-node.mjs')] },
  'azure-identity for Python': { command: [python, join(sdk, 'azure_identity.py')] },
  'msal for Python': { command: [python, join(sdk, 'msal_python.py')] },
  'golang.org/x/oauth2': { command: [join(cache, 'go-client')] },
} as const;
type Program = keyof typeof programs;

describe('an unmodified library', () => {
  let server: TestServer;
  let folder: string;
  let certificate: SelfSigned;
  let env: Record<string, string>;
  let publicClient: string;
  let ann: Person;
  let annId: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'merlon-sdk-'));
    mkdirSync(cache, { recursive: true });
    if (!existsSync(python)) await run('python3', ['-m', 'venv', join(cache, 'venv')]);
    await run(python, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '-r',
      join(sdk, 'requirements.txt'),
    ]);
    await run('go', ['build', '-o', join(cache, 'go-client'), '.'], {
      cwd: join(sdk, 'go'),
      env: { ...process.env, GOFLAGS: '-mod=readonly' },
    });
    server = await startServer();
    certificate = selfSigned(folder, 'daemon');
    const app = await server.cli('app', 'create', '--name', 'daemon', '--permission', 'Machine.Read.All');
    await server.cli('app', 'add-certificate', app.clientId, certificate.certificate);
    const desktop = await server.cli(
      'app',
      'create',
      '--name',
      'desktop',
      '--public',
      '--delegated',
      'Machine.Read',
      'Alert.Read',
      '--redirect',
      redirect,
    );
    publicClient = desktop.clientId;
    const made = await server.cli(
      'user',
      'create',
      '--name',
      'ann',
      '--role',
      'Merlon administrator (default)',
    );
    annId = made.userId;
    await server.signIn({ name: 'ann', password: made.oneTimePassword, newPassword: password });
    ann = person(server, { name: 'ann', password });
    env = {
      AUTHORITY: server.url,
      TENANT: app.tenantId,
      CLIENT: app.clientId,
      SECRET: app.clientSecret,
      CERTIFICATE: certificate.bundle,
      THUMBPRINT: certificate.sha256,
      SCOPE: `${AUDIENCE}/.default`,
      REDIRECT: redirect,
      NODE_EXTRA_CA_CERTS: server.caPath,
      REQUESTS_CA_BUNDLE: server.caPath,
      SSL_CERT_FILE: server.caPath,
    };
  }, 300_000);
  afterAll(async () => {
    await server?.dispose();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs a program; `answer` is given each line it says and may say one back. Resolves to the last line. */
  function speak(
    program: Program,
    more: Record<string, string>,
    answer: (said: Record<string, string>) => Promise<string | null> = async () => null,
  ): Promise<Record<string, string>> {
    const [file = '', ...args] = programs[program].command;
    const child = spawn(file, args, {
      env: { ...process.env, ...env, ...more },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    return new Promise((resolve, reject) => {
      let last: Record<string, string> = {};
      let pending = '';
      let errors = '';
      child.stderr.on('data', (chunk: Buffer) => {
        errors += chunk;
      });
      child.stdout.on('data', (chunk: Buffer) => {
        const lines = (pending + chunk).split('\n');
        pending = lines.pop() ?? '';
        for (const line of lines) {
          last = JSON.parse(line) as Record<string, string>;
          if (last.token === undefined)
            answer(last).then((word) => {
              if (word !== null) child.stdin.write(`${word}\n`);
            }, reject);
        }
      });
      child.once('error', reject);
      child.once('close', (code) =>
        code === 0 && last.token !== undefined
          ? resolve(last)
          : reject(new Error(`${program}: ${code} ${errors} ${JSON.stringify(last)}`)),
      );
    });
  }

  async function works(token: string | undefined): Promise<void> {
    const answer = await server.call('/api/machines', { token: token ?? '' });
    expect(answer.status, answer.text).toBe(200);
  }

  it.each([
    '@azure/identity',
    '@azure/msal-node',
    'azure-identity for Python',
    'msal for Python',
    'golang.org/x/oauth2',
  ] as const)('%s signs a program in by its secret', async (program) => {
    const { token } = await speak(program, { WAY: 'secret' });
    expect(decodeJwt(token ?? '')).toMatchObject({ azp: env.CLIENT, roles: ['Machine.Read.All'] });
    await works(token);
  });

  it.each(['@azure/identity', '@azure/msal-node', 'azure-identity for Python', 'msal for Python'] as const)(
    '%s signs a program in by its certificate',
    async (program) => {
      const { token } = await speak(program, { WAY: 'certificate', SECRET: '' });
      expect(decodeJwt(token ?? '')).toMatchObject({
        azp: env.CLIENT,
        azpacr: '2',
        roles: ['Machine.Read.All'],
      });
      await works(token);
    },
  );

  it.each(['@azure/identity', '@azure/msal-node', 'azure-identity for Python', 'msal for Python'] as const)(
    '%s signs a person in by a device code',
    async (program) => {
      const { token } = await speak(
        program,
        { WAY: 'device', CLIENT: publicClient },
        async ({ verificationUri, userCode }) => {
          await ann.enterDeviceCode(verificationUri ?? '', userCode ?? '');
          return null;
        },
      );
      expect(decodeJwt(token ?? '')).toMatchObject({
        azp: publicClient,
        oid: annId,
        scp: expect.stringContaining('Machine.Read'),
      });
      await works(token);
    },
    60_000,
  );

  it('@azure/msal-node signs a person in by a code, and again without him', async () => {
    const said = await speak(
      '@azure/msal-node',
      { WAY: 'code', CLIENT: publicClient },
      async ({ address }) => {
        const back = await ann.follow(address ?? '');
        return back.searchParams.get('code');
      },
    );
    expect(said).toMatchObject({ account: 'ann@merlon.local', home: `${annId}.${env.TENANT}` });
    await works(said.token);
  });

  it('msal for Python signs a person in by a code, and again without him', async () => {
    const said = await speak(
      'msal for Python',
      { WAY: 'code', CLIENT: publicClient },
      async ({ address }) => (await ann.follow(address ?? '')).href,
    );
    expect(decodeJwt(said.token ?? '')).toMatchObject({ oid: annId });
    await works(said.token);
  });

  it.each(['public', 'confidential'])(
    'msal for Python signs a person in by name and password, as a %s client',
    async (kind) => {
      const made = await server.cli(
        'app',
        'create',
        '--name',
        `legacy ${kind}`,
        '--password-grant',
        '--delegated',
        'Machine.Read',
        ...(kind === 'public' ? ['--public'] : []),
      );
      const { token } = await speak('msal for Python', {
        WAY: 'password',
        CLIENT: made.clientId,
        SECRET: made.clientSecret ?? '',
        USERNAME: 'ann@merlon.local',
        PASSWORD: password,
      });
      expect(decodeJwt(token ?? '')).toMatchObject({ azp: made.clientId, oid: annId, scp: 'Machine.Read' });
      await works(token);
    },
  );
});
