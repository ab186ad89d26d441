/**
 * Azure Storage: append blobs in the layout of Azure's diagnostic logs. A call that failed remembers what it appended, so that the same records given
 * again are not appended again; after a new start that memory is gone, and what lay between acknowledgement and cursor comes twice.
 */
import { createHash } from 'node:crypto';
import type { BlobServiceClient } from '@azure/storage-blob';
import { entraIdentity } from '../azure/entra-identity.ts';
import { type GuardedAgents, guardedAgents } from '../azure/guarded-agents.ts';
import {
  DeliveryError,
  type Destination,
  type DestinationContext,
  type DestinationKind,
} from '../destination.ts';
import { eachAtMost } from '../each-at-most.ts';
import { askForAddress } from '../guarded-lookup.ts';
import { blobAppender } from './blob-appender.ts';
import { blocksOf, containerOf, hourBlobs } from './hour-blobs.ts';
import { blobEndpoint, check, Settings, secrets } from './settings.ts';
import { storageCode, storageFault } from './storage-fault.ts';

const BLOBS_AT_ONCE = 4;
/** An entity tag that no blob has: what is asked for on its condition is checked for rights and then not done. */
const NO_ETAG = '"0x0"';

export const azureStorage: DestinationKind<Settings> = {
  name: 'azureStorage',
  title: 'Azure Storage',
  settings: Settings,
  secrets,
  // Every append is a request and a block, of which a blob takes so many.
  wants: { rows: 10_000, bytes: 4 * 1024 * 1024, waitMs: 200 },
  check,
  open,
};

interface Placed {
  readonly container: string;
  readonly folder: string;
  /** Of the block among those that the call has for the blob. */
  readonly index: number;
  readonly block: Buffer;
}

/** Names of blocks of a call that failed: those it appended, and those it does not know of. */
interface Ledger {
  readonly appended: ReadonlySet<string>;
  readonly begun: ReadonlySet<string>;
}

async function open(settings: Settings, context: DestinationContext): Promise<Destination> {
  const endpoint = blobEndpoint(settings);
  const agents = guardedAgents(context, settings.ca);
  const service = await serviceOf(settings, endpoint, agents);
  const appender = blobAppender(service, {
    blocksPerBlob: settings.blocksPerBlob ?? 50_000,
    createContainers: settings.createContainers ?? true,
  });
  /** Of the call before, when it failed. */
  let before: Ledger | undefined;

  async function run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    agents.forget();
    try {
      askForAddress(endpoint.hostname, context.mayConnect);
      return await work();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof DeliveryError) throw error;
      const answered = error instanceof Error && typeof Reflect.get(error, 'statusCode') === 'number';
      if (!answered && agents.heard !== undefined) throw agents.heard;
      throw storageFault(error, endpoint.host, ended(settings.sasToken, context.now()));
    }
  }

  return {
    deliver: (records, signal) =>
      run(signal, async () => {
        const blobs = hourBlobs(records).map((blob) => ({ ...blob, blocks: blocksOf(blob.records) }));
        const appended: Placed[] = [];
        const begun = new Set<Placed>();
        let bytes = 0;
        try {
          await eachAtMost(BLOBS_AT_ONCE, blobs, async ({ container, folder, blocks }) => {
            for (const [index, block] of blocks.entries()) {
              const placed = { container, folder, index, block };
              const name = before === undefined ? undefined : nameOf(placed);
              bytes += block.length;
              if (name !== undefined && before?.appended.has(name)) continue;
              begun.add(placed);
              const again = name !== undefined && before?.begun.has(name) === true;
              await appender.append(container, folder, block, again, signal);
              begun.delete(placed);
              appended.push(placed);
            }
          });
        } catch (error) {
          const all = new Set(
            blobs.flatMap(({ container, folder, blocks }) =>
              blocks.map((block, index) => nameOf({ container, folder, index, block })),
            ),
          );
          const sure = new Set(
            [...(before?.appended ?? []), ...appended.map(nameOf)].filter((name) => all.has(name)),
          );
          const unsure = [...(before?.begun ?? []), ...[...begun].map(nameOf)];
          before = {
            appended: sure,
            begun: new Set(unsure.filter((name) => all.has(name) && !sure.has(name))),
          };
          throw error;
        }
        before = undefined;
        return { bytes };
      }),

    probe: (signal, tables = []) =>
      run(signal, async () => {
        for (const table of tables.length > 0 ? tables : ['probe']) {
          const container = service.getContainerClient(containerOf(table));
          try {
            await container
              .getAppendBlobClient('probe')
              .create({ conditions: { ifMatch: NO_ETAG }, abortSignal: signal });
          } catch (error) {
            if (storageCode(error) === 'ConditionNotMet') continue;
            if (storageCode(error) !== 'ContainerNotFound') throw error;
            if (settings.createContainers === false && tables.length > 0)
              throw new DeliveryError('missing', `The container ${container.containerName} is not there.`);
          }
        }
      }),

    async close() {
      agents.close();
    },
  };
}

const nameOf = ({ container, folder, index, block }: Placed): string =>
  `${container}/${folder}#${index} ${createHash('sha256').update(block).digest('base64url')}`;

async function serviceOf(
  settings: Settings,
  endpoint: URL,
  agents: GuardedAgents,
): Promise<BlobServiceClient> {
  const { BlobServiceClient, newPipeline } = await import('@azure/storage-blob');
  const options = {
    agent: agents.of(endpoint.protocol),
    // A connection that broke is got over; longer outages are the caller's.
    retryOptions: { maxTries: 3, retryDelayInMs: 100, maxRetryDelayInMs: 500 },
    redirectOptions: { maxRetries: 0 },
  };
  const { authentication, connectionString = '', sasToken = '' } = settings;
  switch (authentication) {
    case 'connectionString':
      try {
        return BlobServiceClient.fromConnectionString(connectionString, options);
      } catch {
        // What it says may repeat a part of the string.
        throw new DeliveryError(
          'settings',
          'connectionString holds neither a key nor a shared access signature.',
        );
      }
    case 'sas':
      return new BlobServiceClient(
        `${endpoint.href}?${sasToken.replace(/^\?/, '')}`,
        newPipeline(undefined, options),
      );
    case 'servicePrincipal':
    case 'managedIdentity':
      return new BlobServiceClient(
        endpoint.href,
        newPipeline(await entraIdentity(authentication, settings, agents), options),
      );
  }
}

/** When a shared access signature says that it is over. */
function ended(sasToken: string | undefined, now: number): string {
  const end = new URLSearchParams(sasToken ?? '').get('se');
  return end !== null && Date.parse(end) < now ? ` sasToken ended at ${new Date(end).toISOString()}.` : '';
}
