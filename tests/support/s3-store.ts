/**
 * A store that speaks the S3 API: moto's server, out of its Python package at a pinned version, in a process of its own on loopback. It verifies
 * signatures and policies, with the code of Amazon's own client library. Needs python3 with venv.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { AwsClient } from 'aws4fetch';
import { freePort } from './free-port.ts';
import { pythonWith } from './python-packages.ts';
import { eventually } from './wait.ts';

export interface S3Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface S3Store {
  readonly url: string;
  readonly bucket: string;
  /** May do everything. */
  readonly owner: S3Key;
  /** Is known, and may do nothing. */
  readonly stranger: S3Key;
  /** Names of objects, in the store's order. */
  list(prefix?: string): Promise<readonly string[]>;
  get(name: string): Promise<Uint8Array>;
  stop(): Promise<void>;
}

const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }],
});
/** What is called below before credentials exist; from then on all is checked. */
const UNCHECKED_CALLS = '6';

export async function startS3Store(bucket = 'merlon-export'): Promise<S3Store> {
  const python = await pythonWith('s3-store');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], {
    env: { ...process.env, INITIAL_NO_AUTH_ACTION_COUNT: UNCHECKED_CALLS },
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  await eventually(
    'The store answering',
    async () =>
      (await fetch(`${url}/moto-api/data.json`).catch(() => null))?.ok === true || child.exitCode !== null,
    { withinMs: 60_000, everyMs: 100 },
  );

  const iam = async (parameters: Readonly<Record<string, string>>): Promise<string> => {
    const answer = await fetch(url, {
      method: 'POST',
      // The server finds the service by the scope of the credential.
      headers: {
        authorization:
          'AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=x',
      },
      body: new URLSearchParams({ Version: '2010-05-08', ...parameters }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`The store answered ${answer.status} to ${parameters.Action}: ${text}`);
    return text;
  };
  const user = async (UserName: string): Promise<S3Key> => {
    await iam({ Action: 'CreateUser', UserName });
    const made = await iam({ Action: 'CreateAccessKey', UserName });
    const member = (name: string) => new RegExp(`<${name}>([^<]+)</${name}>`).exec(made)?.[1] ?? '';
    return { accessKeyId: member('AccessKeyId'), secretAccessKey: member('SecretAccessKey') };
  };
  const owner = await user('owner');
  const stranger = await user('stranger');
  await iam({ Action: 'PutUserPolicy', UserName: 'owner', PolicyName: 'all', PolicyDocument: POLICY });
  await fetch(`${url}/${bucket}`, { method: 'PUT' });

  const client = new AwsClient({ ...owner, service: 's3', region: 'us-east-1', retries: 0 });
  const read = async (path: string): Promise<Response> => {
    const answer = await client.fetch(`${url}/${bucket}${path}`);
    if (!answer.ok) throw new Error(`The store answered ${answer.status} to ${path}.`);
    return answer;
  };
  return {
    url,
    bucket,
    owner,
    stranger,
    async list(prefix = '') {
      const text = await (await read(`?list-type=2&prefix=${encodeURIComponent(prefix)}`)).text();
      return [...text.matchAll(/<Key>([^<]+)<\/Key>/g)].map((found) => found[1] ?? '');
    },
    async get(name) {
      return new Uint8Array(
        await (await read(`/${name.split('/').map(encodeURIComponent).join('/')}`)).arrayBuffer(),
      );
    },
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
