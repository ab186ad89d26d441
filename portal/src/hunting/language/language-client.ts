/** The language of hunting as the editor asks for it. One worker for the page, begun when first asked. */
import type { KqlCompletions, KqlFault, KqlHover } from '@merlon/kql/language';
import type { LanguageAnswer, LanguageQuestion } from './protocol.ts';

export interface LanguageClient {
  completions(text: string, at: number): Promise<KqlCompletions>;
  hover(text: string, at: number): Promise<KqlHover | null>;
  faults(text: string): Promise<readonly KqlFault[]>;
}

type Port = Pick<Worker, 'postMessage' | 'addEventListener'>;

export function createLanguageClient(start: () => Port): LanguageClient {
  let port: Port | null = null;
  let lastId = 0;
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();

  function open(): Port {
    const opened = start();
    opened.addEventListener('message', (event) => {
      const answer = (event as MessageEvent<LanguageAnswer>).data;
      const asked = waiting.get(answer.id);
      waiting.delete(answer.id);
      if ('value' in answer) asked?.resolve(answer.value);
      else asked?.reject(new Error(answer.problem));
    });
    opened.addEventListener('error', () => {
      // The next question begins another.
      port = null;
      for (const { reject } of waiting.values()) reject(new Error('the language service ended'));
      waiting.clear();
    });
    return opened;
  }

  function ask<T>(question: Omit<LanguageQuestion, 'id'>): Promise<T> {
    port ??= open();
    const id = ++lastId;
    const answer = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
    port.postMessage({ ...question, id } satisfies LanguageQuestion);
    return answer as Promise<T>;
  }

  return {
    completions: (text, at) => ask({ ask: 'completions', text, at }),
    hover: (text, at) => ask({ ask: 'hover', text, at }),
    faults: (text) => ask({ ask: 'faults', text, at: 0 }),
  };
}

export const language = createLanguageClient(
  () => new Worker(new URL('./kql-worker.ts', import.meta.url), { name: 'kql' }),
);
