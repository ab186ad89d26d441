/** Whether a text is YARA rules that a device can use: compiled by the very library that devices scan with, in a thread that is gone afterwards. */
import { Worker } from 'node:worker_threads';
import { ApiError } from '@merlon/contract';

export interface CompiledRules {
  /** Names of its rules, in order. */
  readonly rules: readonly string[];
  readonly warnings: readonly string[];
}
export type CompileAnswer = CompiledRules | { readonly problem: string };

/** Rules that take longer to compile would take every device long. */
const TIME_LIMIT_MS = 10_000;
const MEMORY_MB = 512;

/** @throws ApiError InvalidInput with the compiler's words. */
export async function compileRules(text: string, workerUrl: URL): Promise<CompiledRules> {
  const worker = new Worker(workerUrl, {
    workerData: { text },
    resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB },
    stdout: true,
    stderr: true,
  });
  const timer = setTimeout(() => void worker.terminate(), TIME_LIMIT_MS);
  try {
    const answer = await new Promise<CompileAnswer>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () =>
        resolve({ problem: `it takes more than ${TIME_LIMIT_MS / 1000} s or ${MEMORY_MB} MB to compile` }),
      );
    });
    if ('problem' in answer)
      throw new ApiError('InvalidInput', `The rules do not compile: ${answer.problem}`);
    return answer;
  } finally {
    clearTimeout(timer);
    await worker.terminate();
  }
}
