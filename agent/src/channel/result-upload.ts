/**
 * Hands in what an order yielded: in parts, each signed by the device key, each going on where the server stands. An upload that was cut off, by a lost network
 * or a restart of either end, is simply begun again and finds what is there already.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { DEVICE_PATHS, RESULT_PART, ResultProgress } from '@merlon/contract';
import { Compile } from 'typebox/compile';
import { AgentError } from '../agent-error.ts';
import { errorInReply, type ServerLink, type ServerReply, single } from '../server/server-link.ts';
import { retryAfterMs } from '../spool/verdict.ts';
import { Backoff } from '../time/backoff.ts';
import { sleep } from '../time/sleep.ts';

/** Small enough for a slow line to carry within the time of one request. */
const PART_BYTES = 1024 * 1024;
/** An upload leaves room for what the sensor has to say. */
const BYTES_PER_SECOND = 16 * 1024 * 1024;
const progressValidator = Compile(ResultProgress);

export interface UploadOptions {
  readonly backoff?: Backoff;
  readonly partBytes?: number;
}

export interface Uploaded {
  readonly size: number;
  readonly sha256: string;
}

/**
 * Resolves once the server has the whole and its hash fits. Tries for as long as the order is open, whatever the network does.
 * @param name one of the contract's `resultsOf` this order
 * @param source path of a file that does not change meanwhile
 * @throws AgentError when the server will not have it; the reason of `signal` when that is aborted
 */
export async function uploadResult(
  link: Pick<ServerLink, 'request'>,
  orderId: string,
  name: string,
  source: string,
  signal: AbortSignal,
  { backoff = new Backoff({ firstMs: 250, maxMs: 30_000 }), partBytes = PART_BYTES }: UploadOptions = {},
): Promise<Uploaded> {
  const file = await open(source, 'r');
  try {
    const { size } = await file.stat();
    const sha256 = await hashOf(file, signal);
    const path = DEVICE_PATHS.orderResult.replace(':orderId', orderId).replace(':name', name);
    let progress: ResultProgress = { offset: 0, complete: false };
    let stoodAt = -1;
    while (!progress.complete) {
      signal.throwIfAborted();
      const begun = performance.now();
      const part = await readPart(file, progress.offset, Math.min(partBytes, size - progress.offset));
      const reply = await send(link, path, { part, offset: progress.offset, size, sha256 }, signal);
      if (reply === null || isPassing(reply)) {
        const asked = reply && retryAfterMs(single(reply.headers['retry-after']), new Date());
        await sleep(Math.max(backoff.next(), asked ?? 0), signal);
        continue;
      }
      progress = progressIn(reply);
      if (progress.offset > size || (reply.status === 409 && progress.offset === stoodAt))
        throw new AgentError(`the server does not go on with ${name} at ${progress.offset} of ${size} bytes`);
      if (reply.status === 409) stoodAt = progress.offset;
      backoff.reset();
      await sleep((part.length / BYTES_PER_SECOND) * 1000 - (performance.now() - begun), signal);
    }
    return { size, sha256 };
  } finally {
    await file.close();
  }
}

/** Null: no answer came. */
async function send(
  link: Pick<ServerLink, 'request'>,
  path: string,
  { part, offset, size, sha256 }: { part: Buffer; offset: number; size: number; sha256: string },
  signal: AbortSignal,
): Promise<ServerReply | null> {
  try {
    return await link.request({
      method: 'PUT',
      path,
      body: part,
      headers: {
        'content-type': 'application/octet-stream',
        [RESULT_PART.offsetHeader]: String(offset),
        [RESULT_PART.sizeHeader]: String(size),
        [RESULT_PART.sha256Header]: sha256,
      },
      signal,
    });
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

/** What another attempt may cure. A refused signature is among it: the clock was corrected, or a proxy answered. */
function isPassing({ status }: ServerReply): boolean {
  return status === 401 || status === 408 || status === 429 || status >= 500;
}

/** @throws AgentError for a refusal */
function progressIn(reply: ServerReply): ResultProgress {
  if (reply.status === 200 || reply.status === 409) {
    const value: unknown = parse(reply.body);
    if (progressValidator.Check(value) && Number.isSafeInteger(value.offset) && value.offset >= 0)
      return value;
  }
  const { code, message } = errorInReply(reply);
  throw new AgentError(`the server refused the result: ${reply.status} ${code} ${message}`.trimEnd());
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}

async function readPart(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const part = Buffer.alloc(length);
  const { bytesRead } = await file.read(part, 0, length, offset);
  if (bytesRead !== length) throw new AgentError('a result became shorter while it was handed in');
  return part;
}

async function hashOf(file: FileHandle, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const part = Buffer.alloc(1024 * 1024);
  for (let at = 0; ; ) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(part, 0, part.length, at);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(part.subarray(0, bytesRead));
    at += bytesRead;
  }
}
