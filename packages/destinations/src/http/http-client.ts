/**
 * Requests to one origin over kept connections: every address is asked for, redirects are not followed, answers are bounded in size and time. What
 * goes wrong on the way is a DeliveryError; what the peer answers is the caller's to judge.
 */
import { Agent as HttpAgent, type IncomingHttpHeaders, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import { connectionFault } from '../connection-fault.ts';
import { DeliveryError, type DestinationContext } from '../destination.ts';
import { askForAddress, guardedLookup } from '../guarded-lookup.ts';
import { type TlsSettings, tlsOptions } from '../tls-settings.ts';

const ANSWER_MS = 60_000;
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface HttpClient {
  /** @throws DeliveryError, or the signal's reason */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>;
  close(): void;
}

export function createHttpClient(context: DestinationContext, tls: TlsSettings = {}): HttpClient {
  const lookup = guardedLookup(context.mayConnect);
  const agents = {
    'http:': new HttpAgent({ keepAlive: true }),
    'https:': new HttpsAgent({ keepAlive: true, ...tlsOptions(tls) }),
  };

  function once(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer | 'stale'> {
    const { url, method = 'POST', headers, body } = request;
    return new Promise((done, fail) => {
      const secure = url.protocol === 'https:';
      const sent = (secure ? requestHttps : requestHttp)(
        url,
        {
          method,
          lookup,
          signal,
          agent: secure ? agents['https:'] : agents['http:'],
          headers: {
            'user-agent': 'merlon',
            ...headers,
            ...(body === undefined ? {} : { 'content-length': String(body.byteLength) }),
          },
        },
        (answer) => {
          const chunks: Buffer[] = [];
          let length = 0;
          answer.on('data', (chunk: Buffer) => {
            length += chunk.length;
            if (length > MAX_ANSWER_BYTES) {
              answer.destroy();
              fail(
                new DeliveryError(
                  'unreachable',
                  `${url.host} answered with more than ${MAX_ANSWER_BYTES} bytes.`,
                ),
              );
            } else chunks.push(chunk);
          });
          answer.on('error', (error) =>
            fail(signal.aborted ? signal.reason : connectionFault(error, url.host)),
          );
          answer.on('end', () =>
            done({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
          );
        },
      );
      sent.setTimeout(ANSWER_MS, () =>
        sent.destroy(
          new DeliveryError('unreachable', `${url.host} did not answer within ${ANSWER_MS / 1_000} seconds.`),
        ),
      );
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // A kept connection that the peer closed just now says nothing about the peer.
        if (sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) done('stale');
        else fail(signal.aborted ? signal.reason : connectionFault(error, url.host));
      });
      sent.end(body);
    });
  }

  return {
    async send(request, signal) {
      signal.throwIfAborted();
      askForAddress(request.url.hostname, context.mayConnect);
      for (;;) {
        const answer = await once(request, signal);
        if (answer === 'stale') continue;
        return answer;
      }
    },
    close() {
      agents['http:'].destroy();
      agents['https:'].destroy();
    },
  };
}
