import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { Compile } from 'typebox/compile';
import { messageOf } from '../agent-error.ts';
import type { AgentLog } from '../agent-log.ts';
import { type ControlReply, ControlRequest, MAX_REQUEST_BYTES } from './control-protocol.ts';

const validator = Compile(ControlRequest);
const PATIENCE_MS = 30_000;

export interface ControlServer {
  close(): Promise<void>;
}

/** Listens for the command line; only the owner of the socket, root, can connect. To be called by the one daemon of the state folder. */
export async function openControlServer(options: {
  path: string;
  log: AgentLog;
  answer: (request: ControlRequest) => Promise<unknown>;
}): Promise<ControlServer> {
  const { path, log, answer } = options;
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  // Left by a daemon that was killed: its successor is the only one that may remove it.
  await rm(path, { force: true });
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', (error) => log.debug('a control connection broke', { error }));
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    readRequest(socket)
      .then(answer)
      .then(
        (result): ControlReply => ({ ok: true, result }),
        (error: unknown): ControlReply => ({ ok: false, error: messageOf(error) }),
      )
      .then((reply) => socket.end(`${JSON.stringify(reply)}\n`));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) if (socket.writableEnded || socket.bytesRead === 0) socket.destroy();
      }),
  };
}

function readRequest(socket: Socket): Promise<ControlRequest> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (part: string) => {
      text += part;
      if (text.length > MAX_REQUEST_BYTES) return reject(new Error('the request is too long'));
      const end = text.indexOf('\n');
      if (end >= 0) settle(text.slice(0, end));
    });
    socket.on('end', () => settle(text));

    function settle(line: string): void {
      try {
        const value: unknown = JSON.parse(line);
        if (validator.Check(value)) resolve(value);
        else reject(new Error('the daemon does not know this request'));
      } catch {
        reject(new Error('the request is not JSON'));
      }
    }
  });
}
