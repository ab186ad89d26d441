import type { HuntingResult } from '@merlon/contract';
import { api } from '../services.ts';

/** Runs a query; leaving it through `signal` ends it on the server too. */
export function hunt(query: string, signal?: AbortSignal): Promise<HuntingResult> {
  return api.post('/api/advancedqueries/run', { Query: query }, signal);
}
