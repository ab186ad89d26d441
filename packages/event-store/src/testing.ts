/** For tests: engines in folders of their own, and one that is reached like a foreign server. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from './connection.ts';
import { startEmbeddedEngine } from './embedded-engine.ts';
import { ENGINE_KEY_HEADER } from './engine-config.ts';
import type { EventStoreLog } from './store.ts';

export const silentLog: EventStoreLog = { info() {}, warn() {}, error() {} };

export interface TestServer {
  /** As MERLON_EVENT_STORE_URL takes it. */
  readonly url: string;
  /** Past the front, straight to the engine. */
  readonly connection: Connection;
  stop(): Promise<void>;
}

/** A ClickHouse server by URL: an engine behind a front that adds the key which the engine wants and a server would not. */
export async function startTestServer(): Promise<TestServer> {
  const dir = mkdtempSync(join(tmpdir(), 'merlon-test-server-'));
  const { connection, engine } = await startEmbeddedEngine({ dir, log: silentLog });
  const front = createServer((incoming, outgoing) => {
    const onward = request(
      connection.origin + (incoming.url ?? '/'),
      { method: incoming.method, headers: { ...incoming.headers, ...connection.headers } },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
        answer.once('error', () => outgoing.destroy());
      },
    );
    onward.once('error', () => outgoing.destroy());
    outgoing.once('close', () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const { port } = front.address() as AddressInfo;
  const { name, password } = connection.writer;
  return {
    url: `http://${name}:${password}@127.0.0.1:${port}/${connection.database}`,
    connection,
    async stop() {
      front.closeAllConnections();
      await new Promise((resolve) => front.close(resolve));
      await engine.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Process id of the engine that runs in a store's folder. */
export function enginePid(dir: string): number {
  const record = JSON.parse(readFileSync(join(dir, 'engine', 'engine.run'), 'utf8')) as {
    child: { pid: number };
  };
  return record.child.pid;
}

/** The connection of an embedded store, for those who may read its folder. */
export function ownConnection(dir: string): Connection {
  const secrets = JSON.parse(readFileSync(join(dir, 'secrets.json'), 'utf8')) as {
    writer: string;
    key: string;
  };
  const commandLine = readFileSync(`/proc/${enginePid(dir)}/cmdline`, 'utf8');
  return {
    origin: `http://127.0.0.1:${/"httpPort":(\d+)/.exec(commandLine)?.[1]}`,
    database: 'merlon',
    writer: { name: 'merlon_writer', password: secrets.writer },
    headers: { [ENGINE_KEY_HEADER]: secrets.key },
  };
}
