/**
 * Writes objects into a bucket that speaks the S3 API: one for each table and hour of a delivery, in folders by which readers find partitions. The
 * store's own promise, that what it answered 200 for is durable, is the acknowledgement.
 */
import { createHash } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { huntingTable } from '@merlon/contract';
import { type Static, Type } from 'typebox';
import { DeliveryError, type DestinationKind, type ExportRecord } from '../destination.ts';
import { endpointMembers, endpointOf } from '../http/endpoint.ts';
import { createHttpClient } from '../http/http-client.ts';
import { checkTls, tlsMembers, tlsSecrets } from '../tls-settings.ts';
import { byTableAndHour, objectName, probeName } from './object-name.ts';
import { s3Fault } from './s3-fault.ts';

const gzipped = promisify(gzip);

const endpoint = endpointMembers('Address of the store. Default: that of Amazon S3 in the region.');

const Settings = Type.Object(
  {
    bucket: Type.String({
      pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$',
      description: 'Bucket that objects are written to. It is not made.',
    }),
    region: Type.Optional(
      Type.String({ pattern: '^[a-z0-9-]{1,40}$', description: 'Region of the bucket. Default us-east-1.' }),
    ),
    url: Type.Optional(endpoint.url),
    allowHttp: endpoint.allowHttp,
    pathStyle: Type.Optional(
      Type.Boolean({
        description:
          'Whether the bucket is named in the path, not in the host. Default: true where url is given, else false.',
      }),
    ),
    accessKeyId: Type.String({
      pattern: '^[\\x21-\\x7e]{1,200}$',
      description: 'Access key that may put objects into the bucket.',
    }),
    secretAccessKey: Type.String({
      pattern: '^[\\x21-\\x7e]{1,500}$',
      description: 'Secret that belongs to the access key.',
    }),
    sessionToken: Type.Optional(
      Type.String({
        pattern: '^[\\x21-\\x7e]{1,8000}$',
        description: 'Session token of temporary credentials. They have to be renewed here before they end.',
      }),
    ),
    prefix: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_.=/-]{0,400}$',
        description: 'What the names of objects begin with. Default nothing.',
      }),
    ),
    format: Type.Optional(
      Type.Enum(['parquet', 'ndjson'], {
        description: 'Parquet with typed columns, or the records as lines of JSON. Default parquet.',
      }),
    ),
    compression: Type.Optional(
      Type.Enum(['none', 'gzip'], { description: 'Of ndjson. Parquet always has Snappy. Default gzip.' }),
    ),
    timestamps: Type.Optional(
      Type.Enum(['nanoseconds', 'microseconds'], {
        description:
          'Unit of times in Parquet. Nanoseconds keep all seven digits and say no zone (it is UTC); Spark reads only microseconds as a time. Default nanoseconds.',
      }),
    ),
    ...tlsMembers,
  },
  { additionalProperties: false },
);
type Settings = Static<typeof Settings>;

const AT_ONCE = 4;
const LINE_END = '\n';

/** Of an object: the bucket in the host or in the path. @throws DeliveryError `settings` */
function addressOf(settings: Settings): (name: string) => URL {
  const region = settings.region ?? 'us-east-1';
  const base = endpointOf({
    url: settings.url ?? `https://s3.${region}.amazonaws.com`,
    allowHttp: settings.allowHttp ?? false,
  });
  if (base.search !== '') throw new DeliveryError('settings', 'url may not hold a query (?).');
  const inPath = settings.pathStyle ?? settings.url !== undefined;
  if (!inPath && isIP(base.hostname.replace(/^\[|\]$/g, '')) !== 0)
    throw new DeliveryError(
      'settings',
      'pathStyle is false, and before the address in url no bucket can be named.',
    );
  const root = base.pathname.replace(/\/+$/, '');
  return (name) => {
    const url = new URL(base);
    if (!inPath) url.hostname = `${settings.bucket}.${base.hostname}`;
    url.pathname = `${root}/${inPath ? `${settings.bucket}/` : ''}${encodedPath(name)}`;
    return url;
  };
}

/** Sent as it is signed: stores differ in whether they encode once more what a sender left as it was. */
const encodedPath = (name: string): string => name.split('/').map(encodeURIComponent).join('/');

export const s3: DestinationKind<Settings> = {
  name: 's3',
  title: 'S3-compatible object storage',
  settings: Settings,
  secrets: ['secretAccessKey', 'sessionToken', ...tlsSecrets],
  wants: { rows: 100_000, bytes: 48 * 1024 * 1024, waitMs: 60_000 },

  check(settings) {
    addressOf(settings);
    if (settings.format === 'ndjson' && settings.timestamps !== undefined)
      throw new DeliveryError('settings', 'timestamps is of parquet; the format is ndjson.');
    if (settings.format !== 'ndjson' && settings.compression !== undefined)
      throw new DeliveryError('settings', 'compression is of ndjson; the format is parquet.');
    checkTls(settings);
  },

  async open(settings, context) {
    const { AwsV4Signer } = await import('aws4fetch');
    const { parquetFile } = await import('./parquet-file.ts');
    const address = addressOf(settings);
    const prefix = settings.prefix ?? '';
    const client = createHttpClient(context, settings);
    const keys = new Map<string, ArrayBuffer>();

    async function send(
      method: 'PUT' | 'DELETE',
      name: string,
      body: Uint8Array,
      headers: Readonly<Record<string, string>>,
      signal: AbortSignal,
    ): Promise<void> {
      const url = address(name);
      const signer = new AwsV4Signer({
        method,
        url: url.href,
        service: 's3',
        region: settings.region ?? 'us-east-1',
        accessKeyId: settings.accessKeyId,
        secretAccessKey: settings.secretAccessKey,
        ...(settings.sessionToken === undefined ? {} : { sessionToken: settings.sessionToken }),
        // Content-Type among them, that the signer leaves out of its own accord.
        allHeaders: true,
        cache: keys,
        datetime: new Date(context.now()).toISOString().replace(/[:-]|\.\d{3}/g, ''),
        headers: { ...headers, 'x-amz-content-sha256': createHash('sha256').update(body).digest('hex') },
      });
      const signed = await signer.sign();
      const answer = await client.send(
        { method, url, headers: Object.fromEntries(signed.headers), body },
        signal,
      );
      if (answer.status < 200 || answer.status > 299) throw s3Fault(answer, url.host, context.now());
    }

    async function put(records: readonly ExportRecord[], signal: AbortSignal): Promise<number> {
      const name = records[0]?.table ?? '';
      if (settings.format === 'ndjson') {
        const text = Buffer.from(records.map(({ json }) => json + LINE_END).join(''));
        const packed = settings.compression !== 'none';
        await send(
          'PUT',
          objectName(prefix, name, records, packed ? '.ndjson.gz' : '.ndjson'),
          packed ? await gzipped(text) : text,
          { 'content-type': packed ? 'application/gzip' : 'application/x-ndjson' },
          signal,
        );
        return text.length;
      }
      const table = huntingTable(name);
      if (table === undefined) throw new DeliveryError('refused', `There is no table ${name}.`);
      const file = await parquetFile(table, records, settings.timestamps ?? 'nanoseconds', signal);
      await send(
        'PUT',
        objectName(prefix, name, records, '.parquet'),
        file,
        { 'content-type': 'application/vnd.apache.parquet' },
        signal,
      );
      return file.length;
    }

    return {
      async deliver(records, signal) {
        const parts = [...byTableAndHour(records).values()];
        let bytes = 0;
        for (let at = 0; at < parts.length; at += AT_ONCE) {
          const sent = await Promise.allSettled(
            parts.slice(at, at + AT_ONCE).map((part) => put(part, signal)),
          );
          for (const one of sent) {
            if (one.status === 'rejected') throw one.reason;
            bytes += one.value;
          }
        }
        return { bytes };
      },
      async probe(signal) {
        await send('PUT', probeName(prefix), new Uint8Array(), {}, signal);
        // Who may write need not be one who may delete: an empty object stays then, that readers pass over.
        await send('DELETE', probeName(prefix), new Uint8Array(), {}, signal).catch((error: unknown) => {
          if (!(error instanceof DeliveryError && error.fault === 'forbidden')) throw error;
        });
      },
      async close() {
        client.close();
      },
    };
  },
};
