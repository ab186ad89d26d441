/** What tests of the guard share. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { codeOf } from '../agent-error.ts';
import { bundleProgram } from '../testing/bundle.ts';

/** The guard's threads as a program that runs beside the sources. */
export function bundleGuardWorker(source = 'guard-worker.ts'): Promise<string> {
  return bundleProgram(source, import.meta.url);
}

/** Whether the program could be executed: false where that was not permitted. */
export async function runs(program: string, ...args: string[]): Promise<boolean> {
  try {
    const [code] = (await once(spawn(program, args, { stdio: 'ignore' }), 'exit')) as [number | null];
    return code === 0;
  } catch (error) {
    if (codeOf(error) === 'EPERM') return false;
    throw error;
  }
}
