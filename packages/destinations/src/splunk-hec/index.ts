/**
 * Sends events to Splunk's HTTP Event Collector. Its answer says only that events were received; with indexer acknowledgement a delivery counts once
 * the indexer says of each request that it is in the index.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Static, Type } from 'typebox';
import { DeliveryError, type DestinationKind } from '../destination.ts';
import { endpointMembers, endpointOf } from '../http/endpoint.ts';
import { createHttpClient } from '../http/http-client.ts';
import { recordChunks } from '../http/record-chunks.ts';
import { jsonObject } from '../json-object.ts';
import { checkTls, tlsMembers, tlsSecrets } from '../tls-settings.ts';
import { hecCode, hecEvent, hecFault, NO_DATA } from './hec-event.ts';

const Settings = Type.Object(
  {
    ...endpointMembers('Address of the collector, as https://splunk.example:8088.'),
    token: Type.String({ pattern: '^[\\x21-\\x7e]{1,200}$', description: 'Token of the collector.' }),
    index: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9_][a-z0-9_-]{0,79}$',
        description: 'Index, one that the token may write to. Default: that of the token.',
      }),
    ),
    source: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: 'Source of the events. Default merlon.' }),
    ),
    sourcetype: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 200,
        description:
          'Source type of the events. {table} stands for the table in lower case. Default merlon:{table}.',
      }),
    ),
    indexerAcknowledgement: Type.Optional(
      Type.Boolean({
        description:
          'Whether to wait until the indexer has acknowledged the events. The token must have it enabled. Default false.',
      }),
    ),
    ...tlsMembers,
  },
  { additionalProperties: false },
);
type Settings = Static<typeof Settings>;

const LIMITS = { records: 2_000, bytes: 1024 * 1024 };
const FIRST_POLL_MS = 100;
const LONGEST_POLL_MS = 2_000;
/** What the collector's own clients wait before they send again. */
const ACKNOWLEDGED_WITHIN_MS = 5 * 60_000;

export const splunkHec: DestinationKind<Settings> = {
  name: 'splunkHec',
  title: 'Splunk HTTP Event Collector',
  settings: Settings,
  secrets: ['token', ...tlsSecrets],

  check(settings) {
    const url = endpointOf(settings);
    if (url.search !== '') throw new DeliveryError('settings', 'url may not hold a query (?).');
    if (url.pathname.includes('/services/collector'))
      throw new DeliveryError('settings', 'url may not hold /services/collector: it is added.');
    checkTls(settings);
  },

  async open(settings, context) {
    const base = endpointOf(settings);
    const client = createHttpClient(context, settings);
    // Acknowledgements are counted by channel; one of our own is shared with nobody.
    const channel = randomUUID();
    const names = {
      index: settings.index,
      source: settings.source ?? 'merlon',
      sourcetype: settings.sourcetype ?? 'merlon:{table}',
    };
    const post = (path: 'event' | 'ack', body: Buffer, signal: AbortSignal) => {
      const url = new URL(base);
      url.pathname = `${base.pathname.replace(/\/+$/, '')}/services/collector/${path}`;
      url.search = `channel=${channel}`;
      return client.send(
        {
          url,
          body,
          headers: { 'content-type': 'application/json', authorization: `Splunk ${settings.token}` },
        },
        signal,
      );
    };

    async function acknowledged(ids: readonly number[], signal: AbortSignal): Promise<void> {
      const open = new Set(ids);
      const until = performance.now() + ACKNOWLEDGED_WITHIN_MS;
      for (let wait = FIRST_POLL_MS; open.size > 0; wait = Math.min(wait * 2, LONGEST_POLL_MS)) {
        const answer = await post('ack', Buffer.from(JSON.stringify({ acks: [...open] })), signal);
        if (answer.status !== 200) throw hecFault(answer, base.host, context.now());
        const { acks } = jsonObject(answer.body.toString());
        if (typeof acks !== 'object' || acks === null)
          throw new DeliveryError('unreachable', `${base.host} answered with what is no acknowledgement.`);
        for (const [id, done] of Object.entries(acks)) if (done === true) open.delete(Number(id));
        if (open.size === 0) return;
        if (performance.now() > until)
          throw new DeliveryError(
            'unreachable',
            `${base.host} has not acknowledged the events within ${ACKNOWLEDGED_WITHIN_MS / 60_000} minutes.`,
          );
        await delay(wait, undefined, { signal }).catch(() => signal.throwIfAborted());
      }
    }

    return {
      async deliver(records, signal) {
        let bytes = 0;
        const pending: number[] = [];
        const chunks = recordChunks(
          records,
          LIMITS,
          (record) => Buffer.from(hecEvent(record, names)),
          (event) => event.length,
        );
        for (const chunk of chunks) {
          const body = Buffer.concat(chunk.encoded);
          const answer = await post('event', body, signal);
          if (answer.status !== 200) throw hecFault(answer, base.host, context.now());
          bytes += body.length;
          if (settings.indexerAcknowledgement !== true) continue;
          const { ackId } = jsonObject(answer.body.toString());
          if (typeof ackId !== 'number')
            throw new DeliveryError(
              'settings',
              'indexerAcknowledgement is true, and the token does not have it enabled.',
            );
          pending.push(ackId);
        }
        await acknowledged(pending, signal);
        return { bytes };
      },
      /** Nothing is sent; a collector that knows the token answers that there is no data. */
      async probe(signal) {
        const answer = await post('event', Buffer.alloc(0), signal);
        if (answer.status === 200 || hecCode(answer) === NO_DATA) return;
        throw hecFault(answer, base.host, context.now());
      },
      async close() {
        client.close();
      },
    };
  },
};
