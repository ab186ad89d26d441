import { QueryClient } from '@tanstack/react-query';
import { describe, expect, it } from 'vitest';
import { ApiProblem } from '../api/api-problem.ts';
import { createLiveUpdates } from './live-updates.ts';

function stream(...texts: string[]): Response {
  return new Response(
    new ReadableStream({
      start(controller) {
        for (const text of texts) controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      },
    }),
  );
}

/** Runs until there are no more answers; says what was asked and what became stale. */
async function run(answers: (Response | Error)[]) {
  const queries = new QueryClient();
  const stale: string[] = [];
  queries.invalidateQueries = async (filters) => {
    stale.push(JSON.stringify((filters as { queryKey?: unknown } | undefined)?.queryKey ?? 'all'));
  };
  const asked: unknown[] = [];
  const control = new AbortController();
  const live = createLiveUpdates(
    {
      async send(_path, init) {
        asked.push(init?.headers);
        const next = answers.shift();
        if (answers.length === 0) control.abort();
        if (next instanceof Error || next === undefined) throw next ?? new Error('none');
        return next;
      },
    },
    queries,
  );
  await live.run(control.signal);
  return { asked, stale, state: live.state };
}

describe('live updates', () => {
  it('make stale what changed, by id where ids are told', async () => {
    const { stale, state } = await run([
      stream(
        'event: changes\nid: 5\ndata: {"incidents":{"ids":["4"],"more":false},"machineactions":{"ids":[],"more":true}}\n\n',
      ),
    ]);
    expect(stale).toEqual([
      '["incidents"]',
      '["incident","4"]',
      '["machineActions"]',
      '["approvals"]',
      '["machineAction"]',
    ]);
    expect(state).toBe('live');
  });

  it('make everything stale when too much was missed', async () => {
    expect((await run([stream('event: reset\nid: 9\ndata: {}\n\n')])).stale).toEqual(['"all"']);
  });

  it('end where the role does not reach them', async () => {
    const { state, asked } = await run([new ApiProblem(403, 'Forbidden', 'no'), stream()]);
    expect(state).toBe('off');
    expect(asked).toEqual([{}]);
  });
});
