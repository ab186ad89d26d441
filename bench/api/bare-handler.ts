/** The least an HTTPS server in Node can do: one process, one handler, a fixed body. What everything else is compared with. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const PROGRAM = `
  import { createServer } from 'node:https';
  let given = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) given += chunk;
  const { key, cert, body } = JSON.parse(given);
  const bytes = Buffer.from(body);
  const server = createServer({ key, cert }, (request, response) => {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'content-length': bytes.length });
    response.end(bytes);
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

export interface BareHandler {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

/** With the certificate of the server in `home`, so that both speak the same TLS. */
export async function startBareHandler(home: string, body: string): Promise<BareHandler> {
  const read = (name: string) => readFileSync(join(home, 'tls', name), 'utf8');
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  // A body may be larger than what fits into an environment.
  child.stdin?.end(JSON.stringify({ key: read('server.key'), cert: read('server.pem'), body }));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout?.once('data', (text) => resolve(Number(text)));
    child.once('exit', () => reject(new Error('the bare handler ended')));
  });
  return {
    port,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}
