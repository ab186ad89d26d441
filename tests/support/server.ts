/** A real Merlon server for integration, journey and browser tests: its own process, data folder and port, on loopback. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cookieJar } from './cookie-jar.ts';

const SERVER_MAIN = fileURLToPath(new URL('../../server/dist/main.js', import.meta.url));
export const AUDIENCE = 'https://api.securitycenter.microsoft.com';
const READY_MS = 60_000;
const STOP_MS = 30_000;

export interface TestApp {
  readonly tenantId: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly bytes: Buffer;
  /** Parsed once asked for. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  json(): any;
}

export interface Call {
  readonly method?: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as a form. */
  readonly form?: Readonly<Record<string, string>>;
  /** Sent as it is. */
  readonly body?: string | Buffer;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface PortalSession {
  readonly accessToken: string;
  readonly idToken: string;
  readonly refreshToken: string;
}

export interface TestServer {
  /** `https://localhost:<port>` */
  readonly url: string;
  readonly port: number;
  readonly home: string;
  readonly caPem: string;
  readonly caPath: string;
  /** Environment of the server and of commands that shall reach it. */
  readonly env: NodeJS.ProcessEnv;
  /** Of the first start. */
  readonly administrator: { readonly name: string; readonly oneTimePassword: string };
  pid(): number;
  /** Everything the server process printed since it was started. */
  output(): { stdout: string; stderr: string };
  /** One HTTPS request that trusts only this server's CA. `path` may be a whole URL. */
  call(path: string, call?: Call): Promise<Answer>;
  /** `merlon <args> --json`, parsed. Rejects with what the command printed when it fails. */
  // biome-ignore lint/suspicious/noExplicitAny: every command has its own result
  cli(...args: readonly string[]): Promise<any>;
  command(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<CommandResult>;
  createApp(...permissions: readonly string[]): Promise<TestApp>;
  /** Access token of an application; v2 unless said otherwise. */
  token(app: TestApp, version?: 1 | 2): Promise<string>;
  /** Signs in to the portal as a browser would: code, PKCE, one-time password changed where it is still asked for. */
  signIn(user: { name: string; password: string; newPassword?: string }): Promise<PortalSession>;
  /** SIGTERM, and waits for the end. Rejects unless it ends by itself with code 0. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** On the same data folder and port, after `stop` or `kill`. */
  start(): Promise<void>;
  /** Ends the server whatever its state, and removes the data folder. */
  dispose(): Promise<void>;
}

export interface ServerOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Data folder to use and to keep; default: a new one, removed by `dispose`. */
  readonly home?: string;
}

/** Quotas are off unless `env` turns them on, and every answer is checked against its schema. */
export async function startServer({ env = {}, home: given }: ServerOptions = {}): Promise<TestServer> {
  const home = given ?? (await mkdtemp(join(tmpdir(), 'merlon-test-')));
  const own: NodeJS.ProcessEnv = {
    ...process.env,
    MERLON_PORT: '0',
    MERLON_RATE_LIMITS: 'off',
    MERLON_CHECK_RESPONSES: 'on',
    ...env,
    MERLON_HOME: home,
  };
  let running = await launch(own).catch(async (error: unknown) => {
    if (!given) await rm(home, { recursive: true, force: true });
    throw error;
  });
  const { url, port } = running;
  own.MERLON_PORT = String(port);
  const caPath = join(home, 'ca.pem');
  const caPem = await readFile(caPath, 'utf8');
  const administrator = readAdministrator(running.stdout());

  const call = (path: string, options: Call = {}) =>
    callServer(path.startsWith('/') ? url + path : path, caPem, options);
  const command = (args: readonly string[], extra: NodeJS.ProcessEnv = {}) =>
    runCommand(args, { ...own, ...extra });

  const server: TestServer = {
    url,
    port,
    home,
    caPem,
    caPath,
    env: own,
    administrator,
    pid: () => running.child.pid ?? 0,
    output: () => ({ stdout: running.stdout(), stderr: running.stderr() }),
    call,
    command,
    async cli(...args) {
      const result = await command([...args, '--json']);
      if (result.code !== 0)
        throw new Error(
          `merlon ${args.join(' ')} ended with ${result.code}: ${result.stderr}${result.stdout}`,
        );
      return JSON.parse(result.stdout);
    },
    async createApp(...permissions) {
      const { tenantId, clientId, clientSecret } = await server.cli(
        'app',
        'create',
        '--name',
        `test ${permissions.join(' ')}`.slice(0, 120),
        '--permission',
        ...permissions,
      );
      return { tenantId, clientId, clientSecret };
    },
    async token(app, version = 2) {
      const form = {
        grant_type: 'client_credentials',
        client_id: app.clientId,
        client_secret: app.clientSecret,
      };
      const answer = await (version === 1
        ? call(`/${app.tenantId}/oauth2/token`, { form: { ...form, resource: AUDIENCE } })
        : call(`/${app.tenantId}/oauth2/v2.0/token`, { form: { ...form, scope: `${AUDIENCE}/.default` } }));
      if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${answer.text}`);
      return answer.json().access_token;
    },
    signIn: (user) => signIn(call, url, user),
    async stop() {
      running.child.kill('SIGTERM');
      const [code, signal] = await running.ended(STOP_MS);
      if (code !== 0) throw new Error(`the server ended with ${code ?? signal}:\n${running.stderr()}`);
    },
    async kill() {
      running.child.kill('SIGKILL');
      await running.ended(STOP_MS);
    },
    async start() {
      running = await launch(own);
    },
    async dispose() {
      if (running.child.exitCode === null && running.child.signalCode === null) {
        running.child.kill('SIGTERM');
        await running.ended(STOP_MS).catch(() => server.kill());
      }
      if (!given) await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
  return server;
}

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
  readonly port: number;
  stdout(): string;
  stderr(): string;
  /** Exit code and signal; rejects when it takes longer. */
  ended(withinMs: number): Promise<readonly [number | null, NodeJS.Signals | null]>;
}

function launch(env: NodeJS.ProcessEnv): Promise<Running> {
  const child = spawn(process.execPath, [SERVER_MAIN, 'serve'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  const exit = new Promise<readonly [number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('close', (code, signal) => resolve([code, signal]));
  });
  const ended = (withinMs: number) => within(withinMs, exit, () => `the server did not end:\n${stderr}`);
  const ready = new Promise<Running>((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk;
      const url = /^merlon ready at (https:\/\/\S+)/m.exec(stdout)?.[1];
      if (url)
        resolve({
          child,
          url,
          port: Number(new URL(url).port),
          stdout: () => stdout,
          stderr: () => stderr,
          ended,
        });
    });
    child.once('error', reject);
    void exit.then(([code, signal]) =>
      reject(new Error(`the server ended with ${code ?? signal} before it was ready:\n${stderr}${stdout}`)),
    );
  });
  return within(READY_MS, ready, () => {
    child.kill('SIGKILL');
    return `the server was not ready in time:\n${stderr}`;
  });
}

async function within<T>(ms: number, work: Promise<T>, problem: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(problem())), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function readAdministrator(stdout: string): TestServer['administrator'] {
  return {
    name: /^administrator: (\S+)$/m.exec(stdout)?.[1] ?? '',
    oneTimePassword: /^one-time password: (\S+)/m.exec(stdout)?.[1] ?? '',
  };
}

function callServer(
  target: string,
  ca: string,
  { method, token, headers = {}, json, form, body }: Call,
): Promise<Answer> {
  const url = new URL(target);
  // The path goes out as written but for spaces: `URL` would fold what the server must fold.
  const path = target.slice(url.origin.length).replaceAll(' ', '%20') || '/';
  const payload =
    json !== undefined ? JSON.stringify(json) : form ? new URLSearchParams(form).toString() : body;
  const type =
    json !== undefined ? 'application/json' : form ? 'application/x-www-form-urlencoded' : undefined;
  const all = {
    ...(type ? { 'content-type': type } : {}),
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(payload === undefined ? {} : { 'content-length': String(Buffer.byteLength(payload)) }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      {
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port,
        path,
        method: method ?? (payload === undefined ? 'GET' : 'POST'),
        headers: all,
        ca,
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const bytes = Buffer.concat(chunks);
          const text = bytes.toString('utf8');
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            bytes,
            json: () => JSON.parse(text),
          });
        });
      },
    );
    outgoing.once('error', reject);
    outgoing.end(payload);
  });
}

function runCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [SERVER_MAIN, ...args],
      { env, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : 1) : 0;
        resolve({ code, stdout, stderr });
      },
    );
  });
}

async function signIn(
  call: TestServer['call'],
  url: string,
  { name, password, newPassword }: { name: string; password: string; newPassword?: string },
): Promise<PortalSession> {
  const visit = cookieJar(call, url);
  const config = (await call('/portal/config.json')).json();
  const verifier = randomBytes(32).toString('base64url');
  const redirectUri = url + config.redirectPath;
  const query = new URLSearchParams({
    client_id: config.clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: config.scopes.join(' '),
    state: 'a-state',
    nonce: 'a-nonce',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  let answer = await visit(`${config.authorizationEndpoint}?${query}`);
  const page = answer.headers.location;
  if (!page) throw new Error(`no sign-in page: ${answer.status} ${answer.text}`);
  answer = await visit(page, { form: { username: name, password } });
  if (answer.status === 200 && newPassword !== undefined) {
    answer = await visit(page, { form: { newPassword, repeatPassword: newPassword } });
  }
  if (answer.status !== 303) throw new Error(`signing in ended with ${answer.status}: ${answer.text}`);
  answer = await visit(answer.headers.location ?? '');
  const back = new URL(answer.headers.location ?? '', url);
  const code = back.searchParams.get('code');
  if (!code || back.searchParams.get('state') !== 'a-state') throw new Error(`no code came back: ${back}`);
  const tokens = await call(config.tokenEndpoint, {
    form: {
      grant_type: 'authorization_code',
      client_id: config.clientId,
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
    },
  });
  if (tokens.status !== 200) throw new Error(`no token for the code: ${tokens.status} ${tokens.text}`);
  const { access_token, id_token, refresh_token } = tokens.json();
  return { accessToken: access_token, idToken: id_token, refreshToken: refresh_token };
}
