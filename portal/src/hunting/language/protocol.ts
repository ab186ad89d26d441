/** What the page and the worker of the language say to each other. */
export interface LanguageQuestion {
  readonly id: number;
  readonly ask: 'completions' | 'hover' | 'faults';
  readonly text: string;
  /** Place in the text; of no meaning for `faults`. */
  readonly at: number;
}

export type LanguageAnswer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly problem: string };
