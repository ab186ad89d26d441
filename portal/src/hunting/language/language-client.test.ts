import { describe, expect, it } from 'vitest';
import { createLanguageClient } from './language-client.ts';
import type { LanguageQuestion } from './protocol.ts';

function fakeWorker() {
  const listeners = new Map<string, (event: { data: unknown }) => void>();
  const asked: LanguageQuestion[] = [];
  return {
    asked,
    say: (type: string, data?: unknown) => listeners.get(type)?.({ data }),
    port: {
      postMessage: (question: LanguageQuestion) => asked.push(question),
      addEventListener: (type: string, listener: unknown) =>
        listeners.set(type, listener as (event: { data: unknown }) => void),
    },
  };
}

describe('the client of the language', () => {
  it('gives each question its own answer, in whatever order they come', async () => {
    const worker = fakeWorker();
    const client = createLanguageClient(() => worker.port as never);
    const [hover, faults] = [client.hover('a', 1), client.faults('b')];
    const [first, second] = worker.asked;
    worker.say('message', { id: second?.id, value: [] });
    worker.say('message', { id: first?.id, value: null });
    expect([await hover, await faults]).toEqual([null, []]);
  });

  it('begins another worker after one has ended', async () => {
    const workers = [fakeWorker(), fakeWorker()];
    let begun = 0;
    const client = createLanguageClient(() => workers[begun++]?.port as never);
    const lost = client.faults('a');
    workers[0]?.say('error');
    await expect(lost).rejects.toThrow('ended');
    const found = client.faults('a');
    workers[1]?.say('message', { id: workers[1].asked[0]?.id, value: [] });
    expect(await found).toEqual([]);
  });
});
