/** The queries that run, and what became of each: one a tab. */
import type { HuntingResult } from '@merlon/contract';
import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { type HuntingCost, huntWithCost } from '../api/hunting.ts';

export type Outcome =
  | { readonly kind: 'none' }
  | { readonly kind: 'running'; readonly since: number }
  | {
      readonly kind: 'done';
      /** The text that was run. */
      readonly query: string;
      readonly result: HuntingResult;
      readonly cost: HuntingCost;
      readonly ms: number;
    }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly query: string; readonly error: unknown };

export const NONE: Outcome = { kind: 'none' };

export interface Runs {
  of(tab: string): Outcome;
  /** Resolves to what became of it; null when something else has taken its place. */
  run(tab: string, query: string): Promise<Outcome | null>;
  cancel(tab: string): void;
  forget(tab: string): void;
}

export function useRuns(): Runs {
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome>>(new Map());
  const running = useRef(new Map<string, AbortController>());
  const queries = useQueryClient();
  const set = useCallback(
    (tab: string, outcome: Outcome) => setOutcomes((before) => new Map(before).set(tab, outcome)),
    [],
  );
  useEffect(() => {
    const all = running.current;
    return () => {
      for (const control of all.values()) control.abort();
    };
  }, []);

  const run = useCallback(
    async (tab: string, query: string): Promise<Outcome | null> => {
      if (query.trim() === '') return null;
      running.current.get(tab)?.abort();
      const control = new AbortController();
      running.current.set(tab, control);
      const started = performance.now();
      set(tab, { kind: 'running', since: Date.now() });
      let outcome: Outcome;
      try {
        const { result, cost } = await huntWithCost(query, control.signal);
        outcome = { kind: 'done', query, result, cost, ms: performance.now() - started };
      } catch (error) {
        outcome = { kind: 'failed', query, error };
      }
      // Whoever aborted has said what is shown now.
      if (running.current.get(tab) !== control || control.signal.aborted) return null;
      set(tab, outcome);
      void queries.invalidateQueries({ queryKey: ['huntingBudget'] });
      return outcome;
    },
    [queries, set],
  );

  return {
    of: (tab) => outcomes.get(tab) ?? NONE,
    run,
    cancel(tab) {
      running.current.get(tab)?.abort();
      set(tab, { kind: 'cancelled' });
    },
    forget(tab) {
      running.current.get(tab)?.abort();
      set(tab, NONE);
    },
  };
}
