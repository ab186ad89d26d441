/** An identity provider that is not ours, started as a process of its own. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type RequestOptions, request } from 'node:https';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { selfSigned } from './self-signed.ts';
import type { Answer, Call } from './server.ts';

const MAIN = fileURLToPath(new URL('./openid-provider.mjs', import.meta.url));
const CLIENT_SECRET = 'a-secret-between-the-two-of-us';

export interface OpenidProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  call(address: string, call?: Call): Promise<Answer>;
  stop(): Promise<void>;
}

/** Its address and certificate, which a server that shall trust it must know before it starts. */
export interface ProviderPlace {
  readonly port: number;
  readonly key: string;
  readonly certificate: string;
  readonly env: Readonly<Record<string, string>>;
}

export async function placeForProvider(folder: string): Promise<ProviderPlace> {
  const { certificate } = selfSigned(folder, 'localhost');
  return {
    port: await freePort(),
    key: join(folder, 'localhost.key.pem'),
    certificate,
    env: { NODE_EXTRA_CA_CERTS: certificate, MERLON_FEDERATION_NETWORKS: '127.0.0.0/8' },
  };
}

export async function startOpenidProvider(
  { port, key, certificate }: ProviderPlace,
  redirectUri: string,
): Promise<OpenidProvider> {
  const child = spawn(process.execPath, [MAIN, String(port), key, certificate, redirectUri], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk;
      if (/^ready$/m.test(output)) resolve();
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    void ended.then(() => reject(new Error(`the provider ended too soon:\n${output}`)));
  });
  const issuer = `https://localhost:${port}`;
  const ca = readFileSync(certificate);
  return {
    issuer,
    clientId: 'merlon',
    clientSecret: CLIENT_SECRET,
    call: (address, call = {}) => ask(new URL(address, issuer), ca, call),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function ask(url: URL, ca: Buffer, { headers = {}, json }: Call): Promise<Answer> {
  const payload = json === undefined ? undefined : JSON.stringify(json);
  const options: RequestOptions = {
    method: payload === undefined ? 'GET' : 'POST',
    headers,
    ca,
    agent: false,
  };
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const bytes = Buffer.concat(chunks);
        const text = bytes.toString();
        const status = response.statusCode ?? 0;
        resolve({ status, headers: response.headers, text, bytes, json: () => JSON.parse(text) });
      });
    });
    sent.once('error', reject);
    sent.end(payload);
  });
}
