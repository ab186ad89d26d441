/** Filters of a setting, from KQL to what the export thread evaluates. */
import { Worker } from 'node:worker_threads';
import { ApiError } from '@merlon/contract';
import type { RowPredicate } from '@merlon/kql/row-filter';
import type { FilterAnswer } from './filter-worker.ts';

export type CompileFilters = (
  filters: Readonly<Record<string, string>>,
) => Promise<Readonly<Record<string, RowPredicate>>>;

const LONGEST_MS = 20_000;

/** @throws InvalidInput naming the table and what is wrong with its filter */
export function filterCompiler(workerUrl: URL): CompileFilters {
  return async (filters) => {
    if (Object.keys(filters).length === 0) return {};
    const worker = new Worker(workerUrl, { workerData: filters });
    const late = setTimeout(() => void worker.terminate(), LONGEST_MS);
    try {
      const answer = await new Promise<FilterAnswer>((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
        worker.once('exit', () =>
          reject(new ApiError('InvalidInput', 'The filters take too long to analyse: make them simpler.')),
        );
      });
      if ('plans' in answer) return answer.plans;
      throw new ApiError(
        'InvalidInput',
        `The filter of ${answer.table} cannot be used, at character ${answer.at + 1}: ${answer.problem}`,
      );
    } finally {
      clearTimeout(late);
    }
  };
}
