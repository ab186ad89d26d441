import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AnswerSpool, AnswerTooLarge, prepareSpoolFolder } from './answer-spool.ts';
import { SpoolFull, SpoolSpace } from './spool-space.ts';

const MIB = 1024 * 1024;
const TENANT = 'a';
let dir: string;
let space: SpoolSpace;
const spoolOf = (maxBytes: number, tenantId = TENANT) => new AnswerSpool({ dir, maxBytes, space, tenantId });
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'merlon-spool-'));
  space = new SpoolSpace(40 * MIB);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function textOf(body: Buffer | Readable): Promise<string> {
  if (Buffer.isBuffer(body)) return body.toString();
  const chunks: Buffer[] = [];
  for await (const chunk of body) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe('the spool of an answer', () => {
  it('keeps what is small in memory', async () => {
    const spool = spoolOf(100);
    await spool.write('grüße ');
    await spool.write('end');
    const answer = await spool.finish();
    expect(answer.length).toBe(11);
    expect(answer.body).toEqual(Buffer.from('grüße end'));
    expect(space.used).toBe(11);
    answer.release();
    answer.release();
    expect(space.used).toBe(0);
  });

  it('writes what is large to a file without a name, and reads it back whole', async () => {
    const spool = spoolOf(100 * MIB);
    const parts = Array.from({ length: 90 }, (_, i) => String.fromCharCode(97 + (i % 26)).repeat(100_000));
    for (const part of parts) await spool.write(part);
    expect(await readdir(dir)).toEqual([]);
    const { body, length } = await spool.finish();
    expect(length).toBe(9_000_000);
    expect(body).toBeInstanceOf(Readable);
    expect(await textOf(body)).toBe(parts.join(''));
  });

  it('refuses more than it may hold', async () => {
    const spool = spoolOf(10);
    await spool.write('1234567890');
    await expect(spool.write('1')).rejects.toThrow(AnswerTooLarge);
    await spool.discard();
  });

  it('lets go of everything, at any time', async () => {
    const spool = spoolOf(100 * MIB);
    await spool.discard();
    await spool.write('x'.repeat(5 * MIB));
    await spool.discard();
    await spool.discard();
    expect(await readdir(dir)).toEqual([]);
  });

  it('gives back what it holds when nobody wants it any more', async () => {
    const spool = spoolOf(100 * MIB);
    await spool.write('x'.repeat(5 * MIB));
    const { body, release } = await spool.finish();
    release();
    expect(space.used).toBe(0);
    expect((body as Readable).destroyed).toBe(true);
  });

  it('has room for another tenant, whatever one leaves unread', async () => {
    const first = spoolOf(100 * MIB);
    await first.write('x'.repeat(20 * MIB));
    const second = spoolOf(100 * MIB);
    await expect(second.write('x')).rejects.toThrow(SpoolFull);
    const other = spoolOf(100 * MIB, 'b');
    await other.write('x'.repeat(20 * MIB));
    const third = spoolOf(100 * MIB, 'c');
    await expect(third.write('x')).rejects.toThrow(SpoolFull);
    for (const spool of [first, second, other, third]) await spool.discard();
    expect(space.used).toBe(0);
  });

  it('begins in an empty folder', async () => {
    await writeFile(join(dir, 'left over'), 'x');
    await prepareSpoolFolder(dir);
    expect(await readdir(dir)).toEqual([]);
  });
});
