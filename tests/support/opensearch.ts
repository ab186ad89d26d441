/** A real OpenSearch (one node, no security plugin) in a process of its own on loopback. Needs java with its compiler, 17 or newer. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { mavenArchives } from './kafka-artefacts.ts';
import { openSearchPins } from './opensearch-pins.ts';

export interface OpenSearch {
  readonly url: string;
  /** @throws Error with what it answered, when that is no success */
  call(method: string, path: string, body?: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

const START_MS = 90_000;
const program = fileURLToPath(new URL('OpenSearchNode.java', import.meta.url));

export async function startOpenSearch(): Promise<OpenSearch> {
  const archives = await mavenArchives(openSearchPins);
  const folder = mkdtempSync(join(tmpdir(), 'merlon-opensearch-'));
  mkdirSync(join(folder, 'config'));
  const [http, transport] = [await freePort(), await freePort()];
  const options = ['-Xmx400m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
  const child = spawn(
    'java',
    [...options, '-cp', archives.join(delimiter), program, folder, String(http), String(transport)],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-4_000);
  });
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const ready = new Promise<boolean>((done) => {
    createInterface(child.stdout).on('line', (line) => line === 'ready' && done(true));
    child.once('exit', () => done(false));
    setTimeout(() => done(false), START_MS).unref();
  });
  if (!(await ready)) {
    await stop();
    throw new Error(`OpenSearch did not start: ${complaint}`);
  }
  const url = `http://127.0.0.1:${http}`;
  return {
    url,
    async call(method, path, body) {
      const answer = await fetch(`${url}${path}`, {
        method,
        headers: { 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`OpenSearch answered ${answer.status} to ${method} ${path}: ${text}`);
      return JSON.parse(text);
    },
    stop,
  };
}
