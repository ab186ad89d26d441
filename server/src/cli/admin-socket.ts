/**
 * How a command on this machine reaches the running server: a socket in the data folder that only its owner may open. Whoever may open it is
 * the local administrator. The databases have one owner, the server; commands never open them themselves.
 *
 *   POST /<name> with a JSON input ──> 200 {"result": …}, or application/x-ndjson: one {"item": …} a line, then {"end": true}
 *                                  └─> 4xx/5xx {"error": {code, message}}
 */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { platform, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { ApiError } from '@merlon/contract';
import type { AdminHandler } from '../feature.ts';
import { toApiError } from '../http/error-answer.ts';
import type { Logger } from '../telemetry/log.ts';

/** Longest path a Unix socket may have on every system we run on, less a little. */
const MAX_SOCKET_PATH = 100;
const MAX_INPUT = 16 * 1024 * 1024;

function adminSocketPath(home: string): string {
  const short = createHash('sha256').update(home).digest('hex').slice(0, 16);
  if (platform() === 'win32') return `\\\\.\\pipe\\merlon-${short}`;
  const path = join(home, 'admin.sock');
  return Buffer.byteLength(path) <= MAX_SOCKET_PATH ? path : join(tmpdir(), `merlon-${short}`, 'admin.sock');
}

/** Null while the server is still starting. */
export type AdminHandlers = () => ReadonlyMap<string, AdminHandler> | null;

export interface AdminSocket {
  close(): Promise<void>;
}

export class AlreadyRunningError extends Error {
  override readonly name = 'AlreadyRunningError';
}

/** Also the lock of the data folder: rejects when another server answers there. */
export async function openAdminSocket(
  home: string,
  handlers: AdminHandlers,
  log: Logger,
): Promise<AdminSocket> {
  const path = adminSocketPath(home);
  if (platform() !== 'win32') mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (await answers(path)) throw new AlreadyRunningError(`a Merlon server already runs on ${home}`);
  if (platform() !== 'win32') rmSync(path, { force: true });
  const server = createServer((request, response) => {
    void serveCall(request, response, handlers, log);
  });
  // The file must never exist with wider rights, not even for a moment.
  const before = process.umask(0o177);
  try {
    server.listen(path);
  } finally {
    process.umask(before);
  }
  await new Promise<void>((resolve, reject) => server.once('listening', resolve).once('error', reject));
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
      .once('connect', () => {
        socket.destroy();
        resolve(true);
      })
      .once('error', () => resolve(false));
  });
}

async function serveCall(
  request: IncomingMessage,
  response: ServerResponse,
  handlers: AdminHandlers,
  log: Logger,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const name = (request.url ?? '').slice(1);
    const known = handlers();
    if (!known)
      throw new ApiError('ServiceUnavailable', 'The server is still starting. Try again in a moment.');
    const handler = known.get(name);
    if (!handler || request.method !== 'POST')
      throw new ApiError('NotFound', `The server does not know "${name}". Is it of the same version?`);
    const result = handler(await readInput(request), { signal: gone.signal });
    if (Symbol.asyncIterator in result) {
      response.writeHead(200, { 'content-type': 'application/x-ndjson' });
      for await (const item of result) response.write(`${JSON.stringify({ item })}\n`);
      response.end(`${JSON.stringify({ end: true })}\n`);
      return;
    }
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ result: (await result) ?? null }));
  } catch (thrown) {
    const error = toApiError(thrown);
    if (error.code === 'InternalServerError')
      log.error({ err: thrown, call: request.url }, 'administrative call failed');
    const body = JSON.stringify({
      error: { code: error.code, message: error.publicMessage || 'The server failed; its log says why.' },
    });
    if (response.headersSent) response.end(`${body}\n`);
    else response.writeHead(error.status, { 'content-type': 'application/json' }).end(body);
  }
}

async function readInput(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_INPUT) throw new ApiError('PayloadTooLarge');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new ApiError('InvalidRequestBody');
  }
}

/** A failure fit to print: no stack, no surprise. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export async function callServer(home: string, name: string, input: unknown): Promise<unknown> {
  for await (const line of exchange(home, name, input)) {
    if ('result' in line) return line.result;
    if ('error' in line) throw failure(line.error);
  }
  throw new CliError('NoAnswer', 'The server ended before it answered.');
}

export async function* streamFromServer(home: string, name: string, input: unknown): AsyncIterable<unknown> {
  for await (const line of exchange(home, name, input)) {
    if ('item' in line) yield line.item;
    else if ('error' in line) throw failure(line.error);
    else if ('end' in line) return;
  }
  throw new CliError('NoAnswer', 'The server ended in the middle of its answer.');
}

type Line = Readonly<Record<string, unknown>>;

async function* exchange(home: string, name: string, input: unknown): AsyncIterable<Line> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest(
      { socketPath: adminSocketPath(home), path: `/${name}`, method: 'POST', agent: false },
      resolve,
    )
      .once('error', (error: NodeJS.ErrnoException) => reject(unreachable(home, error)))
      .end(JSON.stringify(input ?? {}));
  });
  for await (const line of createInterface({ input: response })) if (line) yield JSON.parse(line) as Line;
}

function unreachable(home: string, error: NodeJS.ErrnoException): CliError {
  if (error.code === 'EACCES' || error.code === 'EPERM') {
    return new CliError(
      'NotAllowed',
      `The Merlon server of ${home} belongs to another user of this machine.`,
    );
  }
  if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') {
    return new CliError(
      'NotRunning',
      `No Merlon server runs on ${home}. Start it with "npm start" or "merlon serve", or set MERLON_HOME to its data folder.`,
    );
  }
  return new CliError('Unreachable', `The Merlon server of ${home} cannot be reached: ${error.message}`);
}

function failure(error: unknown): CliError {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return new CliError(String(code), String(message));
}
