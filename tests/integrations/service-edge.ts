/**
 * The network edge of clients that have the service's addresses built in: a proxy, as `HTTPS_PROXY` names one, behind which those addresses are the server.
 * They come with a certificate of their own; all else of a request goes on as it came.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer as createProxy } from 'node:http';
import { createServer as createSecureServer, request as send } from 'node:https';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestServer } from '../support/server.ts';

export interface ServiceEdge {
  /** For `HTTPS_PROXY`. */
  readonly proxy: string;
  /** What its clients trust. */
  readonly caPath: string;
  /** `GET /api/machines`, in the order of arrival. */
  readonly requests: readonly string[];
  close(): void;
}

const HOSTS = ['login.microsoftonline.com', 'api.security.microsoft.com', 'graph.microsoft.com'];

/** @param folder holds the key and the certificate */
export async function openServiceEdge(server: TestServer, folder: string): Promise<ServiceEdge> {
  const [key, caPath] = [join(folder, 'edge.key.pem'), join(folder, 'edge.pem')];
  const names = `subjectAltName=${HOSTS.map((host) => `DNS:${host}`).join(',')}`;
  execFileSync(
    'openssl',
    // biome-ignore format: one line as one would type it
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', caPath, '-days', '2', '-subj', '/CN=edge', '-addext', names],
    { stdio: 'pipe' },
  );
  const requests: string[] = [];
  const service = createSecureServer(
    { key: readFileSync(key), cert: readFileSync(caPath) },
    (incoming, reply) => {
      requests.push(`${incoming.method} ${incoming.url?.split('?')[0]}`);
      const onward = send(
        new URL(incoming.url ?? '/', server.url),
        {
          method: incoming.method,
          headers: { ...incoming.headers, host: `localhost:${server.port}` },
          ca: server.caPem,
        },
        (answer) => {
          reply.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(reply);
        },
      );
      onward.once('error', () => reply.destroy());
      incoming.pipe(onward);
    },
  );
  const proxy = createProxy((_, reply) => reply.writeHead(405).end());
  const open = new Set<Socket>();
  proxy.on('connect', (request, socket: Socket) => {
    const host = request.url?.split(':')[0] ?? '';
    if (!HOSTS.includes(host)) return socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const through = connect((service.address() as AddressInfo).port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      through.pipe(socket).pipe(through);
    });
    for (const end of [socket, through]) {
      open.add(end);
      end.once('error', () => end.destroy());
      end.once('close', () => open.delete(end));
    }
  });
  await Promise.all([service, proxy].map(listen));
  return {
    proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    caPath,
    requests,
    close() {
      for (const socket of open) socket.destroy();
      service.close();
      proxy.close();
    },
  };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
}
