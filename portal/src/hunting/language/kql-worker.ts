/**
 * The language of hunting, off the page's own thread: Microsoft's parser is five megabytes and takes a second to get going. It is run as the two files that it
 * is, which put their names on the worker's global scope.
 */
import bridge from '@kusto/language-service-next/bridge.min.js?url';
import parser from '@kusto/language-service-next/Kusto.Language.Bridge.min.js?url';
import { completionsAt, faultsIn, hoverAt } from '@merlon/kql/language';
import type { LanguageAnswer, LanguageQuestion } from './protocol.ts';

declare function importScripts(...addresses: string[]): void;

importScripts(bridge, parser);

function answerTo({ ask, text, at }: LanguageQuestion): unknown {
  switch (ask) {
    case 'completions':
      return completionsAt(text, at);
    case 'hover':
      return hoverAt(text, at);
    case 'faults':
      return faultsIn(text);
  }
}

self.addEventListener('message', ({ data }: MessageEvent<LanguageQuestion>) => {
  let answer: LanguageAnswer;
  try {
    answer = { id: data.id, value: answerTo(data) };
  } catch (error) {
    // Nothing that is typed may take the service away.
    answer = { id: data.id, problem: String(error) };
  }
  self.postMessage(answer);
});
