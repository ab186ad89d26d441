/** For tests: the guard's threads with a judge that marks, and then answers nobody. */
import { workerData } from 'node:worker_threads';
import { loadKoffi, systemCalls } from '../sensor/system-calls.ts';
import type { FromJudge } from './guard-protocol.ts';
import type { JudgeSettings } from './judge.ts';
import { Reader } from './reader.ts';

const OPEN_EXEC_PERM = 0x40000;
const MARK_ADD_FILESYSTEM = 0x1 | 0x100;

async function main(settings: JudgeSettings): Promise<void> {
  const { koffi, libc } = await loadKoffi();
  const calls = systemCalls(koffi, libc);
  if (settings.role === 'reader') {
    new Reader(calls, settings).start();
    return;
  }
  for (const path of settings.guarded === 'all' ? [] : settings.guarded)
    calls.fanotifyMark(settings.fanotifyFd, MARK_ADD_FILESYSTEM, OPEN_EXEC_PERM, path);
  settings.agent.postMessage({ type: 'inForce', version: 1 } satisfies FromJudge);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

void main(workerData as JudgeSettings);
