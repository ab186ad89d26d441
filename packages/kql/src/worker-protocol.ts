import type { KqlErrorKind } from './kql-error.ts';
import type { Outcome } from './plan/outcome.ts';
import type { TranslateOptions } from './translation.ts';

/** To a worker thread: one query. */
export interface WorkerRequest {
  readonly id: number;
  readonly text: string;
  readonly options: TranslateOptions;
}

/** From a worker thread. `refusal` is the query's fault, `failure` is ours. */
export type WorkerReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'outcome'; readonly id: number; readonly outcome: Outcome }
  | {
      readonly kind: 'refusal';
      readonly id: number;
      readonly refusal: {
        readonly kind: KqlErrorKind;
        readonly message: string;
        readonly start: number;
        readonly length: number;
        readonly construct: string | undefined;
      };
    }
  | { readonly kind: 'failure'; readonly id: number; readonly message: string };
