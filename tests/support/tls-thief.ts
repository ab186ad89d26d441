/**
 * Whoever ended the server's TLS: sits between devices and the server with the server's own certificate, passes everything on, and answers a request itself
 * where it likes.
 */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createServer, request } from 'node:https';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { TestServer } from './server.ts';

/** Null: the request goes on to the server. */
type Answer = (path: string) => string | null;

export interface TlsThief {
  answer: Answer;
  /** No connection passes. */
  cut(): void;
  mend(): void;
  close(): Promise<void>;
}

/** @param port where the server itself listens */
export async function startTlsThief(
  server: Pick<TestServer, 'home' | 'caPem'>,
  port: number,
  front: { readonly address: string; readonly port: number },
): Promise<TlsThief> {
  const folder = join(server.home, 'tls');
  const [key, certificate] = await Promise.all([
    readFile(join(folder, 'server.key'), 'utf8'),
    readFile(join(folder, 'server.pem'), 'utf8'),
  ]);
  const target = { host: '127.0.0.1', port, ca: server.caPem, servername: 'localhost' };
  let isCut = false;
  const thief: TlsThief = {
    answer: () => null,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    mend() {
      isCut = false;
    },
    close: () =>
      new Promise((resolve) => {
        proxy.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  const sockets = new Set<Socket>();
  const proxy = createServer({ key, cert: `${certificate}${server.caPem}` }, (incoming, outgoing) => {
    const own = thief.answer(incoming.url ?? '');
    if (own !== null) {
      incoming.resume();
      outgoing.writeHead(200, { 'content-type': 'application/jose' }).end(own);
      return;
    }
    const passed = request(
      { ...target, method: incoming.method, path: incoming.url, headers: incoming.headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    passed.on('error', () => outgoing.destroy());
    incoming.pipe(passed);
  });
  proxy.on('connection', (socket: Socket) => {
    if (isCut) return socket.destroy();
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  proxy.on('upgrade', (incoming, socket, head) => {
    const through = connect(target, () => {
      through.write(`${headOf(incoming)}\r\n`);
      through.write(head);
      through.pipe(socket).pipe(through);
    });
    const end = () => {
      through.destroy();
      socket.destroy();
    };
    through.on('error', end);
    through.on('close', end);
    socket.on('error', end);
    socket.on('close', end);
  });
  await new Promise<void>((resolve) => proxy.listen(front.port, front.address, resolve));
  return thief;
}

function headOf({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  return `${lines.join('\r\n')}\r\n`;
}
