/** Sends records as OpenTelemetry logs over HTTP, in the protocol's JSON encoding. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Static, Type } from 'typebox';
import { DeliveryError, type DestinationKind } from '../destination.ts';
import { endpointMembers, endpointOf } from '../http/endpoint.ts';
import { createHttpClient } from '../http/http-client.ts';
import { recordChunks } from '../http/record-chunks.ts';
import { statusFault } from '../http/status-fault.ts';
import { jsonObject } from '../json-object.ts';
import { checkTls, tlsMembers, tlsSecrets } from '../tls-settings.ts';
import { logRecord, logsRequest } from './log-records.ts';

const gzipped = promisify(gzip);

const Settings = Type.Object(
  {
    ...endpointMembers('Address of the collector, whole: most end in /v1/logs.'),
    headers: Type.Optional(
      Type.String({
        maxLength: 8_000,
        description:
          'Headers that show who we are, as OTEL_EXPORTER_OTLP_HEADERS has them: name=value pairs between commas, values percent-encoded.',
      }),
    ),
    compression: Type.Optional(
      Type.Enum(['none', 'gzip'], { description: 'Content-Encoding of requests. Default gzip.' }),
    ),
    ...tlsMembers,
  },
  { additionalProperties: false },
);
type Settings = Static<typeof Settings>;

const LIMITS = { records: 2_000, bytes: 2 * 1024 * 1024 };
const OURS = new Set(['content-type', 'content-encoding', 'content-length', 'host', 'transfer-encoding']);

/** @throws DeliveryError `settings` */
function headersOf(text: string): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const pair of text.split(',').filter((part) => part.trim() !== '')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at).trim().toLowerCase();
    if (at < 1 || !/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name))
      throw new DeliveryError('settings', 'headers are not name=value pairs between commas.');
    if (OURS.has(name)) throw new DeliveryError('settings', `headers may not set ${name}.`);
    let value: string;
    try {
      value = decodeURIComponent(pair.slice(at + 1).trim());
    } catch {
      throw new DeliveryError(
        'settings',
        `headers have a value for ${name} that is not percent-encoded rightly.`,
      );
    }
    if (!/^[\x20-\x7e]*$/.test(value))
      throw new DeliveryError('settings', `headers have a value for ${name} that no header may hold.`);
    headers[name] = value;
  }
  return headers;
}

export const otlp: DestinationKind<Settings> = {
  name: 'otlp',
  title: 'OpenTelemetry logs',
  settings: Settings,
  secrets: ['headers', ...tlsSecrets],

  check(settings) {
    endpointOf(settings);
    headersOf(settings.headers ?? '');
    checkTls(settings);
  },

  async open(settings, context) {
    const url = endpointOf(settings);
    const own = headersOf(settings.headers ?? '');
    const packed = settings.compression !== 'none';
    const client = createHttpClient(context, settings);

    async function post(text: string, signal: AbortSignal): Promise<number> {
      const plain = Buffer.from(text);
      const answer = await client.send(
        {
          url,
          body: packed ? await gzipped(plain) : plain,
          headers: {
            ...own,
            'content-type': 'application/json',
            ...(packed ? { 'content-encoding': 'gzip' } : {}),
          },
        },
        signal,
      );
      if (answer.status !== 200) throw statusFault(answer, url.host, context.now());
      // A success may say that some were rejected, and that no repeat will help.
      const { partialSuccess } = jsonObject(answer.body.toString());
      const { rejectedLogRecords, errorMessage } = jsonObject(JSON.stringify(partialSuccess ?? {}));
      if (Number(rejectedLogRecords ?? 0) > 0)
        throw new DeliveryError(
          'refused',
          `${url.host} rejected ${String(rejectedLogRecords)} records: ${String(errorMessage ?? '').slice(0, 300)}`,
        );
      return plain.length;
    }

    return {
      async deliver(records, signal) {
        let bytes = 0;
        const chunks = recordChunks(records, LIMITS, logRecord, ({ json }) => json.length);
        for (const { encoded } of chunks) {
          const byTenant = new Map<string, string[]>();
          for (const { tenantId, json } of encoded) {
            const of = byTenant.get(tenantId);
            if (of === undefined) byTenant.set(tenantId, [json]);
            else of.push(json);
          }
          for (const [tenantId, of] of byTenant) bytes += await post(logsRequest(tenantId, of), signal);
        }
        return { bytes };
      },
      /** A request without log records is one that a collector has to take. */
      async probe(signal) {
        await post('{"resourceLogs":[]}', signal);
      },
      async close() {
        client.close();
      },
    };
  },
};
