import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DetectorThread, startDetectorThread } from './detector-thread.ts';

/** Answers with what it was told so far; ends when a device is named `end`, fails when one is named `fail`. */
const PEER = `
import { parentPort } from 'node:worker_threads';
const told = { builtin: 0, tenants: new Set() };
parentPort.on('message', (job) => {
  if (job.kind === 'builtin') {
    told.builtin = job.sources.length;
    parentPort.postMessage({ kind: 'unusable', tenantId: null, rules: job.sources.length > 1 ? [{ file: 'b.yml', problem: 'bad' }] : [] });
  } else if (job.kind === 'tenant') told.tenants.add(job.tenantId);
  else if (job.kind === 'forget') told.tenants.delete(job.tenantId);
  else {
    const [batch] = job.batches;
    if (batch.deviceName === 'end') process.exit(3);
    if (batch.deviceName === 'fail') throw new Error('failed on purpose');
    const text = batch.sections.map(({ block }) => new TextDecoder().decode(block)).join();
    parentPort.postMessage({ kind: 'detected', detected: { builtin: told.builtin, tenants: [...told.tenants], text } });
  }
});
`;

let dir: string;
let thread: DetectorThread;
const unusable: unknown[] = [];

const ask = (deviceName: string) => {
  // A view into larger memory, as the log gives them.
  const sections = [Buffer.from('xxab'), Buffer.from('xxcd')].map((bytes) => ({
    table: 'T',
    block: bytes.subarray(2),
  }));
  return thread.detect([
    { tenantId: 't', deviceId: 'd', deviceName, osPlatform: 'Linux', machineGroup: '', sections },
  ]);
};

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'merlon-detector-'));
  writeFileSync(join(dir, 'peer.mjs'), PEER);
  thread = startDetectorThread({
    workerUrl: pathToFileURL(join(dir, 'peer.mjs')),
    onUnusable: (tenantId, rules) => unusable.push([tenantId, rules]),
  });
});
afterAll(async () => {
  await thread.close();
  rmSync(dir, { recursive: true, force: true });
});

describe('startDetectorThread', () => {
  it('hands over rules and rows, and tells which rules cannot be used', async () => {
    thread.setBuiltin([
      { text: 'a', file: null },
      { text: 'b', file: null },
    ]);
    thread.setTenant('one', { without: [], own: [] });
    thread.setTenant('two', { without: [], own: [] });
    thread.forgetTenant('two');
    expect(await ask('d')).toEqual({ builtin: 2, tenants: ['one'], text: 'ab,cd' });
    expect(unusable).toEqual([[null, [{ file: 'b.yml', problem: 'bad' }]]]);
  });

  it.each(['end', 'fail'])(
    'rejects when the thread ends by %s, and starts another that knows the rules',
    async (how) => {
      await expect(ask(how)).rejects.toThrow(how === 'end' ? 'ended with code 3' : 'failed on purpose');
      for (let i = 0; i < 3; i++)
        expect(await ask('d')).toEqual({ builtin: 2, tenants: ['one'], text: 'ab,cd' });
    },
  );

  it('takes one job at a time, and none once closed', async () => {
    const first = ask('d');
    await expect(ask('d')).rejects.toThrow('has a job');
    await first;
    const last = ask('d');
    const refused = expect(last).rejects.toThrow('stops');
    await thread.close();
    await refused;
    await expect(ask('d')).rejects.toThrow('closed');
  });
});
