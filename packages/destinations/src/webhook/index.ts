/** Posts `{"records":[…]}` to an address, signed, and takes any 2xx for the acknowledgement. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { type Static, Type } from 'typebox';
import type { DestinationKind, ExportRecord } from '../destination.ts';
import { endpointMembers, endpointOf } from '../http/endpoint.ts';
import { createHttpClient } from '../http/http-client.ts';
import { recordChunks } from '../http/record-chunks.ts';
import { statusFault } from '../http/status-fault.ts';
import { checkTls, tlsMembers, tlsSecrets } from '../tls-settings.ts';
import { webhookHeaders, webhookKey } from './standard-webhook.ts';

const gzipped = promisify(gzip);

const Settings = Type.Object(
  {
    ...endpointMembers('Where records are posted to.'),
    secret: Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'Key of the signature by Standard Webhooks: "whsec_" and the base64 of 24 to 64 bytes.',
    }),
    authorization: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 8_000,
        pattern: '^[\\x20-\\x7e]+$',
        description:
          'Value of the Authorization header, for a receiver that asks for one besides the signature.',
      }),
    ),
    compression: Type.Optional(
      Type.Enum(['none', 'gzip'], {
        description:
          'Content-Encoding of the body. The signature is over what it holds before compression. Default none.',
      }),
    ),
    maxRecords: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, description: 'Records in one request. Default 1000.' }),
    ),
    maxBytes: Type.Optional(
      Type.Integer({
        minimum: 1_024,
        maximum: 64 * 1024 * 1024,
        description:
          'Bytes of one request before compression. A record that is larger goes alone. Default 1048576.',
      }),
    ),
    ...tlsMembers,
  },
  { additionalProperties: false },
);
type Settings = Static<typeof Settings>;

const HEAD = Buffer.from('{"records":[');
const COMMA = Buffer.from(',');
const TAIL = Buffer.from(']}');

export const webhook: DestinationKind<Settings> = {
  name: 'webhook',
  title: 'Webhook',
  settings: Settings,
  secrets: ['secret', 'authorization', ...tlsSecrets],

  check(settings) {
    endpointOf(settings);
    webhookKey(settings.secret);
    checkTls(settings);
  },

  async open(settings, context) {
    const url = endpointOf(settings);
    const key = webhookKey(settings.secret);
    const limits = { records: settings.maxRecords ?? 1_000, bytes: settings.maxBytes ?? 1024 * 1024 };
    const client = createHttpClient(context, settings);

    async function post(id: string, plain: Buffer, signal: AbortSignal): Promise<void> {
      const body = settings.compression === 'gzip' ? await gzipped(plain) : plain;
      const answer = await client.send(
        {
          url,
          body,
          headers: {
            'content-type': 'application/json',
            ...(settings.compression === 'gzip' ? { 'content-encoding': 'gzip' } : {}),
            ...(settings.authorization === undefined ? {} : { authorization: settings.authorization }),
            ...webhookHeaders(key, id, context.now(), plain),
          },
        },
        signal,
      );
      // What a receiver answers is not shown: it may repeat the headers it was sent.
      if (answer.status < 200 || answer.status > 299) throw statusFault(answer, url.host, context.now());
    }

    return {
      async deliver(records, signal) {
        let bytes = 0;
        const chunks = recordChunks(
          records,
          limits,
          (record) => Buffer.from(record.json),
          (text) => text.length + COMMA.length,
        );
        for (const chunk of chunks) {
          const body = envelope(chunk.encoded);
          await post(messageId(chunk.records), body, signal);
          bytes += body.length;
        }
        return { bytes };
      },
      async probe(signal) {
        await post('probe', envelope([]), signal);
      },
      async close() {
        client.close();
      },
    };
  },
};

function envelope(records: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [HEAD];
  for (const [index, record] of records.entries()) {
    if (index > 0) parts.push(COMMA);
    parts.push(record);
  }
  parts.push(TAIL);
  return Buffer.concat(parts);
}

/** The same for the same records, so that a receiver knows a repeat. */
function messageId(records: readonly ExportRecord[]): string {
  const hash = createHash('sha256');
  for (const { id } of records) hash.update(id).update('\n');
  return `msg_${hash.digest('base64url').slice(0, 32)}`;
}
