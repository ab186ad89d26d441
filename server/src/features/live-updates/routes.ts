import { PassThrough } from 'node:stream';
import { Type } from 'typebox';
import { defineRoute, type Route } from '../../http/route.ts';
import { eventText, HEARTBEAT, momentOf } from './event-text.ts';
import type { Notice, Watchers } from './watchers.ts';

/** Then the reader comes again, and is admitted anew: who lost a right loses the stream with it. */
const LONGEST_SECONDS = 600;
const HEARTBEAT_MS = 15_000;
/** Of a reader who does not read. Beyond it he misses what is said, and is told so once he reads again. */
const MAX_UNREAD_BYTES = 256 * 1024;

export function liveUpdatesRoutes(watchers: Watchers): Route[] {
  return [
    defineRoute({
      id: 'events.watch',
      method: 'GET',
      path: '/api/merlon/events',
      summary:
        'What changes, as it changes: ids of alerts, incidents, machine actions and devices, as server-sent events.',
      access: {
        kind: 'api',
        application: [],
        delegated: 'portal',
        role: 'ViewData.SecurityOperations',
        deviceScope: 'filter',
      },
      audit: null,
      query: Type.Object(
        {
          seconds: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: LONGEST_SECONDS,
              description: 'How long the stream stays open; 600. Then come again with Last-Event-ID.',
            }),
          ),
        },
        { additionalProperties: false },
      ),
      responses: {
        200: Type.String({
          description:
            'text/event-stream. `changes`: {alerts, incidents, machineactions, machines}, each {ids, more}, those without a change left out. `reset`: read everything again.',
        }),
      },
      async handle({ caller, query, headers, signal }) {
        const stream = new PassThrough({ highWaterMark: MAX_UNREAD_BYTES });
        let missed = false;
        const tell = (notice: Notice, id: string) => {
          if (stream.writableLength > MAX_UNREAD_BYTES) {
            missed = true;
            return;
          }
          if (missed || notice.kind === 'reset') stream.write(eventText('reset', id, {}));
          else stream.write(eventText('changes', id, notice.changes));
          missed = false;
        };
        const lastEventId = headers['last-event-id'];
        const { tenantId, deviceGroups } = caller;
        const stop = watchers.add(
          { scope: { tenantId, deviceGroups }, personId: caller.id, tell },
          momentOf(typeof lastEventId === 'string' ? lastEventId : undefined),
        );
        const heartbeat = setInterval(() => {
          if (stream.writableLength === 0) stream.write(HEARTBEAT);
        }, HEARTBEAT_MS);
        const end = () => stream.end();
        const over = setTimeout(end, (query.seconds ?? LONGEST_SECONDS) * 1_000);
        signal.addEventListener('abort', end, { once: true });
        stream.once('close', () => {
          stop();
          clearInterval(heartbeat);
          clearTimeout(over);
          signal.removeEventListener('abort', end);
        });
        // The reader learns at once that he is heard.
        stream.write('retry: 2000\n\n');
        return {
          status: 200,
          body: stream,
          headers: {
            'content-type': 'text/event-stream; charset=utf-8',
            'cache-control': 'no-store',
            // Proxies of nginx's kind would hold lines back.
            'x-accel-buffering': 'no',
          },
        };
      },
    }),
  ];
}
