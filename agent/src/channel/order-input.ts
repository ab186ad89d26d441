/** Fetches a file that an order names, and takes nothing else for it. */
import { createHash } from 'node:crypto';
import { DEVICE_PATHS } from '@merlon/contract';
import { AgentError } from '../agent-error.ts';
import { NetworkError } from '../server/network-error.ts';
import { errorInReply, type ServerLink } from '../server/server-link.ts';
import { Backoff } from '../time/backoff.ts';
import { sleep } from '../time/sleep.ts';

const ATTEMPTS = 5;
/** Room for an error where the file is smaller. */
const ERROR_BYTES = 64 * 1024;

/**
 * The content, whose hash is the one that the signed order says, whoever ends TLS.
 * @throws AgentError when it cannot be had, or is another
 */
export async function fetchInput(
  link: Pick<ServerLink, 'request'>,
  orderId: string,
  { sha256, size }: { readonly sha256: string; readonly size: number },
  signal: AbortSignal,
  backoff = new Backoff({ firstMs: 250, maxMs: 10_000 }),
): Promise<Buffer> {
  const path = DEVICE_PATHS.orderInput.replace(':orderId', orderId).replace(':sha256', sha256);
  let problem = '';
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    signal.throwIfAborted();
    try {
      const reply = await link.request({
        method: 'GET',
        path,
        signal,
        maxReplyBytes: Math.max(size, ERROR_BYTES),
      });
      if (reply.status === 200) {
        const got = createHash('sha256').update(reply.body).digest('hex');
        if (got !== sha256) throw new AgentError(`what the server sent has the hash ${got}, not ${sha256}`);
        return reply.body;
      }
      const { code, message } = errorInReply(reply);
      problem = `${reply.status} ${code} ${message}`.trimEnd();
      if (reply.status < 500 && reply.status !== 401 && reply.status !== 429) break;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof NetworkError)) throw error;
      problem = error.message;
    }
    if (attempt < ATTEMPTS) await sleep(backoff.next(), signal);
  }
  throw new AgentError(`a file of the order could not be fetched: ${problem}`);
}
