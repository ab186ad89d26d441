/** Puts records into Elasticsearch or OpenSearch by `_bulk`, each under its own id. An index or a data stream: both take `create`. */
import { type Static, Type } from 'typebox';
import { DeliveryError, type DestinationKind } from '../destination.ts';
import { endpointMembers, endpointOf } from '../http/endpoint.ts';
import { createHttpClient } from '../http/http-client.ts';
import { recordChunks } from '../http/record-chunks.ts';
import { statusFault } from '../http/status-fault.ts';
import { checkTls, tlsMembers, tlsSecrets } from '../tls-settings.ts';
import { bulkFault, bulkLines, indexName } from './bulk.ts';

const Settings = Type.Object(
  {
    ...endpointMembers('Address of the cluster, with the path before _bulk if there is one.'),
    index: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9][a-z0-9._{}-]{0,199}$',
        description:
          'Index or data stream. {table} stands for the name of the table in lower case. Default merlon-{table}.',
      }),
    ),
    pipeline: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9._-]{1,200}$',
        description: 'Ingest pipeline that records go through.',
      }),
    ),
    apiKey: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9+/=_-]{1,2000}$',
        description: 'API key as it is shown when it is made: the base64 of id and key.',
      }),
    ),
    username: Type.Optional(
      Type.String({ pattern: '^[^:\\x00-\\x1f]{1,200}$', description: 'User of basic authentication.' }),
    ),
    password: Type.Optional(
      Type.String({ pattern: '^[^\\x00-\\x1f]{1,500}$', description: 'Password of the user.' }),
    ),
    ...tlsMembers,
  },
  { additionalProperties: false },
);
type Settings = Static<typeof Settings>;

const DEFAULT_INDEX = 'merlon-{table}';
const LIMITS = { records: 5_000, bytes: 8 * 1024 * 1024 };
const FILTER = 'items.create.status,items.create.error.type,items.create.error.reason';

export const elasticsearch: DestinationKind<Settings> = {
  name: 'elasticsearch',
  title: 'Elasticsearch or OpenSearch',
  settings: Settings,
  secrets: ['apiKey', 'password', ...tlsSecrets],

  check(settings) {
    if (endpointOf(settings).search !== '')
      throw new DeliveryError('settings', 'url may not hold a query (?).');
    if ((settings.username === undefined) !== (settings.password === undefined))
      throw new DeliveryError('settings', 'username and password belong together: one of them is missing.');
    if (settings.apiKey !== undefined && settings.username !== undefined)
      throw new DeliveryError(
        'settings',
        'apiKey and username are two ways to say who we are: give one of them.',
      );
    if (settings.index !== undefined && /[{}]/.test(settings.index.replaceAll('{table}', '')))
      throw new DeliveryError('settings', 'index may hold no other braces than those of {table}.');
    checkTls(settings);
  },

  async open(settings, context) {
    const base = endpointOf(settings);
    const index = settings.index ?? DEFAULT_INDEX;
    const client = createHttpClient(context, settings);
    const authorization =
      settings.apiKey !== undefined
        ? `ApiKey ${settings.apiKey}`
        : settings.username !== undefined
          ? `Basic ${Buffer.from(`${settings.username}:${settings.password ?? ''}`).toString('base64')}`
          : null;
    const call = (
      method: 'GET' | 'POST',
      path: string,
      query: Readonly<Record<string, string>>,
      body: Buffer | null,
      signal: AbortSignal,
    ) => {
      const url = new URL(base);
      url.pathname = `${base.pathname.replace(/\/+$/, '')}/${path}`;
      url.search = new URLSearchParams(query).toString();
      return client.send(
        {
          method,
          url,
          headers: {
            accept: 'application/json',
            ...(body === null
              ? {}
              : { 'content-type': path === '_bulk' ? 'application/x-ndjson' : 'application/json' }),
            ...(authorization === null ? {} : { authorization }),
          },
          ...(body === null ? {} : { body }),
        },
        signal,
      );
    };

    return {
      async deliver(records, signal) {
        let bytes = 0;
        const chunks = recordChunks(
          records,
          LIMITS,
          (record) => Buffer.from(bulkLines(record, index)),
          (lines) => lines.length,
        );
        for (const chunk of chunks) {
          const body = Buffer.concat(chunk.encoded);
          const query = {
            filter_path: FILTER,
            ...(settings.pipeline === undefined ? {} : { pipeline: settings.pipeline }),
          };
          const answer = await call('POST', '_bulk', query, body, signal);
          if (answer.status !== 200) throw statusFault(answer, base.host, context.now());
          const fault = bulkFault(answer.body.toString(), chunk.records, base.host);
          if (fault !== null) throw fault;
          bytes += body.length;
        }
        return { bytes };
      },
      async probe(signal) {
        const answer = await call('GET', '', {}, null, signal);
        // Who may write need not be one who may look at the cluster.
        if (answer.status !== 200 && answer.status !== 403)
          throw statusFault(answer, base.host, context.now());
        if (authorization === null) return;
        const names = [indexName(index, '*')];
        const asked = await call(
          'POST',
          '_security/user/_has_privileges',
          {},
          Buffer.from(JSON.stringify({ index: [{ names, privileges: ['create_doc'] }] })),
          signal,
        );
        // Only Elasticsearch can be asked; elsewhere the first delivery shows it.
        if (asked.status !== 200) return;
        if (/"has_all_requested"\s*:\s*false/.test(asked.body.toString()))
          throw new DeliveryError(
            'forbidden',
            `${base.host} does not let us create documents in ${names[0]}.`,
          );
      },
      async close() {
        client.close();
      },
    };
  },
};
