/**
 * Appends blocks to the blobs of one account. Each block is appended on condition of the position it is meant for, so that no block gets between or
 * in twice. An append whose answer was lost is looked for before it is made again: the bytes lie at their position, or they do not.
 */
import type { AppendBlobClient, BlobServiceClient } from '@azure/storage-blob';
import { DeliveryError } from '../destination.ts';
import { blobName } from './hour-blobs.ts';
import { storageCode } from './storage-fault.ts';

/** How long one request may take: a block of the usual size over a slow line. */
const REQUEST_MS = 120_000;
/** Others who write to the same blob take the position away; so often is it tried again. */
const MAX_TRIES = 20;
/** Blobs whose end is remembered. */
const MAX_REMEMBERED = 256;

interface End {
  readonly client: AppendBlobClient;
  readonly ordinal: number;
  position: number;
  blocks: number;
}

export interface BlobAppender {
  /**
   * @param folder see `HourBlob`
   * @param again whether the call before ended without saying if it appended this very block
   */
  append(
    container: string,
    folder: string,
    block: Buffer,
    again: boolean,
    signal: AbortSignal,
  ): Promise<void>;
}

export function blobAppender(
  service: BlobServiceClient,
  options: { readonly blocksPerBlob: number; readonly createContainers: boolean },
): BlobAppender {
  const ends = new Map<string, End>();
  /** Where an append was tried that nobody answered. */
  const unanswered = new Map<string, End>();

  const within = (signal: AbortSignal) => ({
    abortSignal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS)]),
  });

  /** The end of the hour's newest blob, which is made when it is not there. */
  async function endOf(container: string, folder: string, from: number, signal: AbortSignal): Promise<End> {
    for (let ordinal = from; ; ) {
      const client = service.getContainerClient(container).getAppendBlobClient(blobName(folder, ordinal));
      try {
        const found = await client.getProperties(within(signal));
        const end = {
          client,
          ordinal,
          position: found.contentLength ?? 0,
          blocks: found.blobCommittedBlockCount ?? 0,
        };
        if (end.blocks < options.blocksPerBlob) return end;
        ordinal += 1;
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
        await create(container, client, signal);
      }
    }
  }

  async function create(container: string, client: AppendBlobClient, signal: AbortSignal): Promise<void> {
    const make = () =>
      client.create({
        conditions: { ifNoneMatch: '*' },
        blobHTTPHeaders: { blobContentType: 'application/json' },
        ...within(signal),
      });
    try {
      await make();
    } catch (error) {
      if (storageCode(error) === 'BlobAlreadyExists') return;
      if (storageCode(error) !== 'ContainerNotFound') throw error;
      if (!options.createContainers)
        throw new DeliveryError('missing', `The container ${container} is not there.`);
      await service.getContainerClient(container).createIfNotExists(within(signal));
      await make();
    }
  }

  async function holds(end: End, block: Buffer, signal: AbortSignal): Promise<boolean> {
    try {
      const { readableStreamBody } = await end.client.download(end.position, block.length, within(signal));
      const found: Buffer[] = [];
      for await (const chunk of readableStreamBody ?? []) found.push(Buffer.from(chunk));
      return Buffer.concat(found).equals(block);
    } catch (error) {
      // The blob ends before it (416), or is gone.
      if (statusOf(error) === 416 || statusOf(error) === 404) return false;
      throw error;
    }
  }

  function remember(key: string, end: End): void {
    ends.delete(key);
    ends.set(key, end);
    for (const oldest of ends.keys()) {
      if (ends.size <= MAX_REMEMBERED) break;
      ends.delete(oldest);
    }
  }

  return {
    async append(container, folder, block, again, signal) {
      const key = `${container}/${folder}`;
      const before = unanswered.get(key);
      if (again && before !== undefined && (await holds(before, block, signal))) {
        unanswered.delete(key);
        return;
      }
      unanswered.delete(key);
      for (let tries = 1; ; tries++) {
        signal.throwIfAborted();
        let end = ends.get(key);
        if (end === undefined || end.blocks >= options.blocksPerBlob) {
          end = await endOf(container, folder, end === undefined ? 0 : end.ordinal + 1, signal);
          remember(key, end);
        }
        try {
          await end.client.appendBlock(block, block.length, {
            conditions: { appendPosition: end.position },
            ...within(signal),
          });
          end.position += block.length;
          end.blocks += 1;
          return;
        } catch (error) {
          ends.delete(key);
          switch (storageCode(error)) {
            case 'AppendPositionConditionNotMet':
              // Either it is there already, since an answer was lost and the client asked again, or somebody else wrote.
              if (await holds(end, block, signal)) return;
              break;
            case 'BlockCountExceedsLimit':
              remember(key, { ...end, blocks: options.blocksPerBlob });
              break;
            case 'BlobNotFound':
            case 'ContainerNotFound':
              // Deleted under our hands.
              break;
            default:
              unanswered.set(key, end);
              throw error;
          }
          if (tries >= MAX_TRIES)
            throw new DeliveryError('throttled', `Somebody else keeps writing to ${end.client.name}.`);
        }
      }
    },
  };
}

function statusOf(error: unknown): unknown {
  return error instanceof Error ? Reflect.get(error, 'statusCode') : undefined;
}
