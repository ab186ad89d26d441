/** Worker thread of one answer: binds the filters of a setting. The binder takes a second and much memory, both of which go with the thread. */
import { parentPort, workerData } from 'node:worker_threads';
import { compileRowFilter, KqlError } from '@merlon/kql';
import type { RowPredicate } from '@merlon/kql/row-filter';

export type FilterAnswer =
  | { readonly plans: Readonly<Record<string, RowPredicate>> }
  | { readonly table: string; readonly problem: string; readonly at: number };

function answer(filters: Readonly<Record<string, string>>): FilterAnswer {
  const plans: Record<string, RowPredicate> = {};
  for (const [table, text] of Object.entries(filters)) {
    try {
      plans[table] = compileRowFilter(table, text);
    } catch (error) {
      if (!(error instanceof KqlError)) throw error;
      return { table, problem: error.message, at: error.start };
    }
  }
  return { plans };
}

parentPort?.postMessage(answer(workerData as Readonly<Record<string, string>>));
