/**
 * What `kill.int.test.ts` kills: appends from many senders at once and reads with one reader, and tells on stdout what it was told.
 *
 *     A stream seq position duplicate      an append was answered
 *     R id stream:seq,…                    a range was handed out
 *     C id                                 its commit was answered
 */
import { randomInt } from 'node:crypto';
import { writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { openEventLog } from './index.ts';

const { dir, from } = JSON.parse(process.argv[2] ?? '') as { dir: string; from: Record<string, number> };
// Straight to the pipe: what was said is with the parent, whenever we die.
const say = (line: string) => writeSync(1, `${line}\n`);
const log = await openEventLog({ dir, segmentBytes: 128 * 1024 });

async function send(stream: string, acknowledged: number): Promise<void> {
  for (let seq = acknowledged + 1; ; seq++) {
    const payload = Buffer.alloc(randomInt(20, 4_000), `${stream}:${seq};`);
    const { position, duplicate } = await log.append({ stream, epoch: 'e', seq, payload });
    say(`A ${stream} ${seq} ${position} ${duplicate}`);
  }
}

async function read(): Promise<void> {
  const reader = log.reader('r');
  for (;;) {
    const range = await reader.next({ maxRecords: randomInt(1, 40), maxBytes: 64 * 1024 });
    if (!range) return;
    const names = range.records.map(({ payload }) => payload.toString('latin1').split(';')[0]);
    say(`R ${range.id} ${names.join(',')}`);
    // What a consumer does with a range takes its time; most deaths shall fall into it.
    await delay(randomInt(0, 8));
    await range.commit();
    say(`C ${range.id}`);
  }
}

await Promise.all([
  read(),
  ...Object.entries(from).map(([stream, acknowledged]) => send(stream, acknowledged)),
]);
