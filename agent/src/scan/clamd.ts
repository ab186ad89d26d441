/**
 * The local ClamAV daemon, where there is one. Files are handed to it as a stream, so it needs no right to read them (clamd(8), INSTREAM): chunks with their length
 * before them as four bytes, and a chunk of length nothing as the end.
 */

import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { messageOf } from '../agent-error.ts';

/** Where the distributions put its socket. */
const USUAL_SOCKETS = [
  '/run/clamav/clamd.ctl',
  '/run/clamd.scan/clamd.sock',
  '/run/clamav/clamd.sock',
  '/run/clamd/clamd.sock',
  '/tmp/clamd.socket',
];
const TIME_LIMIT_MS = 60_000;
const CHUNK_BYTES = 256 * 1024;
const MAX_ANSWER_CHARS = 4_096;

export type ClamdAnswer =
  | { readonly kind: 'clean' }
  | { readonly kind: 'found'; readonly name: string }
  | { readonly kind: 'skipped'; readonly reason: string };

export class Clamd {
  readonly version: string;
  readonly #socket: string;

  private constructor(socket: string, version: string) {
    this.#socket = socket;
    this.version = version;
  }

  /** Null where none answers. */
  static async find(sockets: readonly string[] = USUAL_SOCKETS): Promise<Clamd | null> {
    for (const socket of sockets) {
      if (!(await stat(socket).catch(() => null))?.isSocket()) continue;
      try {
        return new Clamd(socket, (await ask(socket, 'zVERSION\0')).slice(0, 200));
      } catch {
        // It may be starting, or be somebody else's: the scan goes on without it.
      }
    }
    return null;
  }

  async scan(path: string, signal: AbortSignal): Promise<ClamdAnswer> {
    try {
      const answer = await ask(this.#socket, 'zINSTREAM\0', async (connection) => {
        const file = createReadStream(path, { highWaterMark: CHUNK_BYTES, signal });
        for await (const chunk of file as AsyncIterable<Buffer>) {
          const length = Buffer.alloc(4);
          length.writeUInt32BE(chunk.byteLength);
          connection.write(length);
          if (!connection.write(chunk)) await once(connection, 'drain', { signal });
        }
        connection.write(Buffer.alloc(4));
      });
      if (answer.endsWith(' FOUND'))
        return { kind: 'found', name: answer.replace(/^stream: /, '').slice(0, -' FOUND'.length) };
      if (answer.endsWith(' OK')) return { kind: 'clean' };
      return { kind: 'skipped', reason: answer.slice(0, 100) };
    } catch (error) {
      signal.throwIfAborted();
      return { kind: 'skipped', reason: messageOf(error).slice(0, 100) };
    }
  }
}

async function ask(
  socket: string,
  command: string,
  send: (connection: Socket) => Promise<void> = async () => {},
): Promise<string> {
  const connection = createConnection({ path: socket, timeout: TIME_LIMIT_MS });
  try {
    const answer = new Promise<string>((resolve, reject) => {
      let text = '';
      connection.setEncoding('utf8');
      connection.on('data', (part: string) => {
        text += part;
        const end = text.indexOf('\0');
        if (end >= 0) resolve(text.slice(0, end));
        else if (text.length > MAX_ANSWER_CHARS) reject(new Error('clamd says too much'));
      });
      connection.once('timeout', () => reject(new Error('clamd does not answer')));
      connection.once('error', reject);
      connection.once('close', () => reject(new Error('clamd closed the connection')));
    });
    answer.catch(() => {});
    await once(connection, 'connect');
    connection.write(command);
    // A stream over its limit is answered before it ends, and the connection closed.
    await Promise.race([send(connection), answer]);
    return await answer;
  } finally {
    connection.destroy();
  }
}
