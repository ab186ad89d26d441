/**
 * Writes numbered rows through a real spool and a real sender until it is killed, and says on standard output, a line each, up to which number
 * they are durable. With `drain` as its mode it writes none and ends once all is sent.
 *
 * Arguments: a JSON object {dir, deviceId, keyFile, url, caPem, first, mode}.
 */
import { writeSync } from 'node:fs';
import { createLog } from '../agent-log.ts';
import { DeviceKey } from '../identity/device-key.ts';
import { ServerClock } from '../identity/server-clock.ts';
import { ServerAddresses } from '../server/server-addresses.ts';
import { ServerLink } from '../server/server-link.ts';
import { Sender } from '../spool/sender.ts';
import { Spool } from '../spool/spool.ts';
import { Backoff } from '../time/backoff.ts';

interface Arguments {
  dir: string;
  deviceId: string;
  keyFile: string;
  url: string;
  caPem: string;
  first: number;
  mode: 'write' | 'drain';
}

const { dir, deviceId, keyFile, url, caPem, first, mode } = JSON.parse(process.argv[2] ?? '{}') as Arguments;
const log = createLog({ level: 'error' });
const key = await DeviceKey.load(keyFile);
if (!key) throw new Error(`no key in ${keyFile}`);
const spool = await Spool.open({ dir, deviceId, log, flushMs: 5 });
const link = new ServerLink({
  url,
  caPem,
  addresses: new ServerAddresses({ url: new URL(url), file: null, resolvers: null }),
  clock: new ServerClock(),
  signer: { key, sub: deviceId },
});
const sender = new Sender({
  spool,
  link,
  log,
  dismissed: (reason) => log.error('dismissed', { reason }),
  backoff: new Backoff({ firstMs: 5, maxMs: 100 }),
});
sender.start();

if (mode === 'drain') {
  while (spool.stats().batches > 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await Promise.all([sender.stop(), spool.close()]);
  link.close();
} else {
  for (let n = first; ; n += 50) {
    for (let i = n; i < n + 50; i += 1) {
      spool.add({
        Table: 'DeviceEvents',
        Timestamp: '2026-11-24T12:00:00.0000000Z',
        ActionType: 'Test',
        n: i,
      });
    }
    await spool.flush();
    // Synchronous: the line is out before a later kill can fall.
    writeSync(1, `${n + 49}\n`);
  }
}
