/** Entry of the execution guard's two threads. */
import { workerData } from 'node:worker_threads';
import { useUnpackedAssets } from '../asset-places.ts';
import { loadKoffi, systemCalls } from '../sensor/system-calls.ts';
import type { ThreadSettings } from './guard-protocol.ts';
import { Judge, type JudgeSettings } from './judge.ts';
import { Reader } from './reader.ts';

type Settings = ThreadSettings & JudgeSettings;

async function main(settings: Settings): Promise<void> {
  useUnpackedAssets(settings.assets);
  const { koffi, libc } = await loadKoffi();
  const calls = systemCalls(koffi, libc);
  switch (settings.role) {
    case 'judge':
      return new Judge(calls, settings).run();
    case 'reader':
      return new Reader(calls, settings).start();
    default:
      throw new Error(`unknown role ${settings.role satisfies never as string}`);
  }
}

// Not top-level await: the single executable's assets are CommonJS.
void main(workerData as Settings);
