/**
 * Azurite, Microsoft's emulator of Azure Storage, as a process of its own on loopback. It keeps its data on disk, but writes its index there only now and
 * then: ended by SIGTERM it loses nothing, killed it may.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Issued } from './certificates.ts';
import { freePort } from './free-port.ts';

/** The emulator's account and key are the same everywhere, and no secret. */
const ACCOUNT = 'devstoreaccount1';
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const START_MS = 30_000;

export interface Azurite {
  readonly account: string;
  readonly key: string;
  /** Of the blob service, with the account. */
  readonly url: string;
  readonly connectionString: string;
  /** Ends it; nothing is lost. */
  halt(): Promise<void>;
  /** After `halt`: the same data, the same address. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** @param options `tls`: a certificate for `localhost`, which turns bearer tokens on too */
export async function startAzurite(options: { readonly tls?: Issued } = {}): Promise<Azurite> {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-azurite-'));
  const port = await freePort();
  const args = [
    createRequire(import.meta.url).resolve('azurite/dist/src/blob/main.js'),
    ...['--blobHost', '127.0.0.1', '--blobPort', String(port), '--location', join(dir, 'data')],
    ...['--silent', '--skipApiVersionCheck', '--disableTelemetry'],
  ];
  if (options.tls) {
    writeFileSync(join(dir, 'certificate.pem'), options.tls.certificate);
    writeFileSync(join(dir, 'key.pem'), options.tls.key);
    args.push('--cert', join(dir, 'certificate.pem'), '--key', join(dir, 'key.pem'), '--oauth', 'basic');
  }
  const url = `${options.tls ? 'https://localhost' : 'http://127.0.0.1'}:${port}/${ACCOUNT}`;
  let azurite = await run(args);
  const kill = async () => {
    if (azurite.child.exitCode !== null || azurite.child.signalCode !== null) return;
    const exited = once(azurite.child, 'exit');
    azurite.child.kill('SIGKILL');
    await exited;
  };
  const halt = async () => {
    if (azurite.child.exitCode !== null || azurite.child.signalCode !== null) return;
    azurite.child.kill('SIGTERM');
    // It waits for its connections for ever, after its index is written.
    await azurite.closed;
    await kill();
  };
  return {
    account: ACCOUNT,
    key: KEY,
    url,
    connectionString: `DefaultEndpointsProtocol=${options.tls ? 'https' : 'http'};AccountName=${ACCOUNT};AccountKey=${KEY};BlobEndpoint=${url};`,
    halt,
    async restart() {
      await halt();
      azurite = await run(args);
    },
    async stop() {
      await kill();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function run(
  args: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly closed: Promise<void> }> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  let wasClosed = (): void => undefined;
  const closed = new Promise<void>((done) => {
    wasClosed = done;
  });
  await new Promise<void>((ready, fail) => {
    const give = (why: string) => fail(new Error(`Azurite ${why}:\n${said.join('\n')}`));
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      give('did not start in time');
    }, START_MS);
    child.once('exit', (code) => {
      wasClosed();
      give(`ended with ${code}`);
    });
    for (const input of [child.stdout, child.stderr])
      createInterface({ input }).on('line', (line) => {
        if (said.length < 100) said.push(line);
        if (line.includes('successfully closed')) wasClosed();
        if (!line.includes('successfully listens')) return;
        clearTimeout(late);
        ready();
      });
  });
  return { child, closed };
}
