/** What an answer to a batch means for that batch. Pure; the sender acts on it. */
import { EventBatchResponse } from '@merlon/contract';
import { Compile } from 'typebox/compile';
import { errorInReply, type ServerReply, single } from '../server/server-link.ts';

export type Verdict =
  /** The server has it, all rows but the rejected ones. */
  | { readonly kind: 'delivered'; readonly rejectedRows: number; readonly firstReason: string | null }
  /** It will never be taken as it is. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Not now. `afterMs`: the server's wish, null when it has none. */
  | { readonly kind: 'later'; readonly afterMs: number | null; readonly reason: string }
  /** The server does not know this device or its signature. The batch is kept: the cause lies elsewhere. */
  | { readonly kind: 'unauthorised'; readonly reason: string }
  /** The device was offboarded. */
  | { readonly kind: 'dismissed'; readonly reason: string };

const responseValidator = Compile(EventBatchResponse);
const LONGEST_WISH_MS = 3_600_000;

export function verdictOf(reply: ServerReply, now: Date): Verdict {
  if (reply.status === 200) {
    const answer = parse(reply.body);
    // Not our server's words, perhaps a captive portal's: the batch must not be forgotten on their account.
    if (!responseValidator.Check(answer)) return later('a 200 that is not the answer of a Merlon server');
    return {
      kind: 'delivered',
      rejectedRows: answer.rejectedCount,
      firstReason: answer.rejected[0]?.reason ?? null,
    };
  }
  const { code, message } = errorInReply(reply);
  const reason = `${reply.status} ${code}: ${message}`;
  // Only an answer in the server's own form may cost rows: a proxy's 400 or 403 passes.
  if (code === '') return later(reason);
  switch (reply.status) {
    case 401:
      return { kind: 'unauthorised', reason };
    case 403:
      return code === 'Forbidden' ? { kind: 'dismissed', reason: message } : { kind: 'refused', reason };
    case 400:
    case 413:
    case 415:
      return { kind: 'refused', reason };
    default:
      return later(reason);
  }

  function later(text: string): Verdict {
    return { kind: 'later', afterMs: retryAfterMs(single(reply.headers['retry-after']), now), reason: text };
  }
}

/** Seconds or an HTTP date, as milliseconds from now, at most an hour; null without either. */
export function retryAfterMs(header: string | undefined, now: Date): number | null {
  if (header === undefined) return null;
  const ms = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now.getTime();
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), LONGEST_WISH_MS);
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
