import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RESULT_PART } from '@merlon/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NetworkError } from '../server/network-error.ts';
import type { LinkRequest, ServerReply } from '../server/server-link.ts';
import { Backoff } from '../time/backoff.ts';
import { fetchInput } from './order-input.ts';
import { uploadResult } from './result-upload.ts';

const ORDER = '11111111-1111-4111-8111-111111111111';
const never = new AbortController().signal;
const quick = () => new Backoff({ firstMs: 0, maxMs: 0 });
const content = Buffer.from('0123456789abcdef');
const sha256 = createHash('sha256').update(content).digest('hex');

function reply(status: number, body: object | Buffer): ServerReply {
  return { status, headers: {}, body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)) };
}

/** Keeps what it is sent, as the server does; `upset` may answer in its place. */
class KeepingServer {
  readonly asked: LinkRequest[] = [];
  kept = Buffer.alloc(0);
  upset: (attempt: number, request: LinkRequest) => ServerReply | Error | null = () => null;

  async request(request: LinkRequest): Promise<ServerReply> {
    this.asked.push(request);
    const upset = this.upset(this.asked.length, request);
    if (upset instanceof Error) throw upset;
    if (upset) return upset;
    const offset = Number(request.headers?.[RESULT_PART.offsetHeader]);
    const size = Number(request.headers?.[RESULT_PART.sizeHeader]);
    if (offset !== this.kept.length) return reply(409, { offset: this.kept.length, complete: false });
    this.kept = Buffer.concat([this.kept, request.body ?? Buffer.alloc(0)]);
    return reply(200, { offset: this.kept.length, complete: this.kept.length === size });
  }
}

describe('handing in a result', () => {
  let dir: string;
  let file: string;
  let server: KeepingServer;
  const upload = (signal: AbortSignal = never) =>
    uploadResult(server, ORDER, 'package.zip', file, signal, { backoff: quick(), partBytes: 5 });

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'merlon-upload-'));
    file = join(dir, 'result');
    writeFileSync(file, content);
    server = new KeepingServer();
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('sends the whole in parts and says its size and hash with each', async () => {
    expect(await upload()).toEqual({ size: 16, sha256 });
    expect(server.kept).toEqual(content);
    expect(server.asked.map(({ body }) => body?.length)).toEqual([5, 5, 5, 1]);
    expect(new Set(server.asked.map(({ headers }) => headers?.[RESULT_PART.sha256Header]))).toEqual(
      new Set([sha256]),
    );
    expect(server.asked[0]?.path).toBe(`/device/v1/orders/${ORDER}/results/package.zip`);
  });

  it('goes on where the server stands', async () => {
    server.kept = content.subarray(0, 10);
    await upload();
    expect(server.kept).toEqual(content);
    expect(server.asked.map(({ headers }) => headers?.[RESULT_PART.offsetHeader])).toEqual(['0', '10', '15']);
  });

  it('tries again after a lost answer, a busy server and a proxy of another mind', async () => {
    server.upset = (attempt) =>
      [
        new NetworkError('cut off', true, null),
        reply(503, {}),
        reply(502, Buffer.from('<html>')),
        reply(429, {}),
      ][attempt - 1] ?? null;
    await upload();
    expect(server.kept).toEqual(content);
  });

  it('hands in an empty file', async () => {
    writeFileSync(file, '');
    expect((await upload()).size).toBe(0);
    expect(server.asked).toHaveLength(1);
  });

  it.each([
    [
      'a refusal',
      () => reply(400, { error: { code: 'InvalidHashValue', message: 'other' } }),
      /InvalidHashValue/,
    ],
    ['an answer that makes no sense', () => reply(200, { offset: -1, complete: false }), /refused/],
    [
      'a server that stands beyond the end',
      () => reply(409, { offset: 99, complete: false }),
      /does not go on/,
    ],
    ['a server that never moves', () => reply(409, { offset: 3, complete: false }), /does not go on/],
  ])('gives up at %s', async (_name, answer, message) => {
    server.upset = answer;
    await expect(upload()).rejects.toThrow(message);
    expect(server.asked.length).toBeLessThan(4);
  });

  it('stops when it is told to, with that reason', async () => {
    const controller = new AbortController();
    server.upset = () => {
      controller.abort(new Error('cancelled'));
      return new NetworkError('cut off', true, null);
    };
    await expect(upload(controller.signal)).rejects.toThrow('cancelled');
  });

  it('takes an input only under its hash', async () => {
    const fetch = (sha: string) =>
      fetchInput(server, ORDER, { sha256: sha, size: content.length }, never, quick());
    server.upset = (attempt) =>
      attempt === 1 ? new NetworkError('cut off', true, null) : reply(200, content);
    expect(await fetch(sha256)).toEqual(content);
    await expect(fetch('0'.repeat(64))).rejects.toThrow('has the hash');
    server.upset = () => reply(404, { error: { code: 'ResourceNotFound', message: 'gone' } });
    await expect(fetch(sha256)).rejects.toThrow('gone');
  });
});
