import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEventLog } from './index.ts';
import { ALL, freshFolder } from './test-log.ts';

const KILLS = 30;
const STREAMS = Array.from({ length: 12 }, (_, i) => `device-${i}`);

describe('an event log whose process is killed in the middle of its work', () => {
  const folder = freshFolder();
  const child = join(folder.dir, 'child.mjs');

  beforeAll(async () => {
    await build({
      entryPoints: [new URL('kill-child.ts', import.meta.url).pathname],
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: child,
    });
  });
  afterAll(() => folder.remove());

  /** Runs until it told of `appends` answers, then kills it. Returns all it said. */
  async function runAndKill(dir: string, from: Record<string, number>, appends: number): Promise<string[]> {
    const running = spawn(process.execPath, [child, JSON.stringify({ dir, from })], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const complaints: Buffer[] = [];
    running.stderr.on('data', (data: Buffer) => complaints.push(data));
    const lines: string[] = [];
    let answered = 0;
    for await (const line of createInterface({ input: running.stdout })) {
      lines.push(line);
      if (line.startsWith('A ') && ++answered === appends) running.kill('SIGKILL');
    }
    expect(Buffer.concat(complaints).toString()).toBe('');
    expect(answered).toBeGreaterThanOrEqual(appends);
    return lines;
  }

  it(`has every acknowledged record once, and the same ranges again, through ${KILLS} kills`, async () => {
    const dir = join(folder.dir, 'log');
    const acknowledged: Record<string, number> = Object.fromEntries(STREAMS.map((stream) => [stream, 0]));
    const positions = new Map<string, number>();
    const ranges = new Map<string, string>();
    let committed = 0;
    let interrupted = 0;
    let outstanding: string | null = null;

    const took = (id: string, names: string) => {
      const [first = 0, last = 0] = (id.split('.')[1] ?? '').split('-').map(Number);
      // Either the range that was out, or, if its commit was lost only on the way to us, the one after.
      expect(first === committed + 1 || (outstanding !== null && first === lastOf(outstanding) + 1)).toBe(
        true,
      );
      if (outstanding !== null && first === committed + 1) expect(id).toBe(outstanding);
      if (first !== committed + 1) committed = first - 1;
      if (ranges.has(id)) expect(names).toBe(ranges.get(id));
      expect(names.split(',').length).toBe(last - first + 1);
      ranges.set(id, names);
      outstanding = id;
    };
    const done = (id: string) => {
      expect(id).toBe(outstanding);
      committed = lastOf(id);
      outstanding = null;
    };

    for (let kill = 0; kill < KILLS; kill++) {
      for (const line of await runAndKill(dir, acknowledged, randomInt(1, 600))) {
        const [what, ...words] = line.split(' ');
        if (what === 'A') {
          const [stream = '', seq = '', position = '', duplicate] = words;
          acknowledged[stream] = Number(seq);
          if (duplicate === 'false') positions.set(`${stream}:${seq}`, Number(position));
        } else if (what === 'R') took(words[0] ?? '', words[1] ?? '');
        else if (what === 'C') done(words[0] ?? '');
        else throw new Error(`unexpected: ${line}`);
      }
      if (outstanding !== null) interrupted++;
    }

    const log = await openEventLog({ dir });
    const reader = log.reader('r');
    const { newest, oldest } = log.stats();
    while (committed < newest) {
      const range = await reader.next(ALL);
      if (!range) break;
      took(range.id, range.records.map(({ payload }) => payload.toString('latin1').split(';')[0]).join(','));
      await range.commit();
      done(range.id);
    }
    await log.close();

    const delivered = [...ranges.values()].flatMap((names) => names.split(','));
    expect(delivered.length).toBe(newest);
    expect(new Set(delivered).size).toBe(newest);
    // Each stream whole and in order, everything that was acknowledged in it, each where its answer said.
    for (const stream of STREAMS) {
      const seqs = delivered
        .filter((name) => name.startsWith(`${stream}:`))
        .map((name) => Number(name.split(':')[1]));
      expect(seqs).toEqual(seqs.map((_, i) => i + 1));
      expect(seqs.length).toBeGreaterThanOrEqual(acknowledged[stream] ?? 0);
    }
    for (const [name, position] of positions) expect(delivered[position - 1]).toBe(name);
    expect(oldest).toBeGreaterThan(1);
    expect(interrupted).toBeGreaterThan(KILLS / 4);
  }, 300_000);
});

const lastOf = (id: string): number => Number(id.split('-')[1]);
