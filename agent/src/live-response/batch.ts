/**
 * Carries out a batch of live response: its commands one after another, the first failure ending it. What has been done is on disk before and after each
 * command, so that an agent that was stopped in the middle neither runs a script twice nor calls done what was not.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  liveResponseCommandStatuses,
  nowIso7,
  type OrderedCommand,
  SCRIPT_STREAM_BYTES,
  splitWords,
} from '@merlon/contract';
import { type Static, Type } from 'typebox';
import { messageOf } from '../agent-error.ts';
import { ExecutionError, type ExecutionOrder } from '../channel/order-desk.ts';
import { fetchInput } from '../channel/order-input.ts';
import { uploadResult } from '../channel/result-upload.ts';
import { makePrivateFolder, readJson, writeDurably, writeJsonDurably } from '../files/durable.ts';
import type { ServerClock } from '../identity/server-clock.ts';
import type { ServerLink } from '../server/server-link.ts';
import { killLeftOver } from './confinement.ts';
import { copyAside } from './get-file.ts';
import { putFile } from './put-file.ts';
import { type KeptOutput, runScript } from './run-script.ts';

const ERROR_CHARS = 2_000;

const CommandRecord = Type.Object({
  index: Type.Integer(),
  startTime: Type.Union([Type.String(), Type.Null()]),
  endTime: Type.Union([Type.String(), Type.Null()]),
  commandStatus: Type.Enum([...liveResponseCommandStatuses]),
  errors: Type.Array(Type.String()),
  /** What was really done: path, size, hash, exit code, how it was confined. */
  done: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});
type CommandRecord = Static<typeof CommandRecord>;
const Journal = Type.Object({ commands: Type.Array(CommandRecord) });

export interface BatchOptions {
  /** Private to live response; made when needed. */
  readonly folder: string;
  readonly link: Pick<ServerLink, 'request'>;
  readonly clock: ServerClock;
}

/** Where files are put, and where scripts run. */
export function filesFolder(folder: string): string {
  return join(folder, 'files');
}

export async function runBatch(
  options: BatchOptions,
  order: ExecutionOrder<'LiveResponse'>,
): Promise<Record<string, unknown>> {
  const { commands } = order.params;
  const batch = await Batch.open(options, order);
  for (const command of commands) await batch.carryOut(command);
  return batch.evidence();
}

class Batch {
  readonly #options: BatchOptions;
  readonly #order: ExecutionOrder<'LiveResponse'>;
  readonly #folder: string;
  readonly #records: CommandRecord[];

  private constructor(
    options: BatchOptions,
    order: ExecutionOrder<'LiveResponse'>,
    folder: string,
    records: CommandRecord[],
  ) {
    this.#options = options;
    this.#order = order;
    this.#folder = folder;
    this.#records = records;
  }

  static async open(options: BatchOptions, order: ExecutionOrder<'LiveResponse'>): Promise<Batch> {
    const orders = join(options.folder, 'orders');
    await makePrivateFolder(orders);
    // Batches come one after another: what others left is over.
    for (const other of await readdir(orders))
      if (other !== order.orderId) await rm(join(orders, other), { recursive: true, force: true });
    const folder = join(orders, order.orderId);
    await makePrivateFolder(folder);
    await makePrivateFolder(filesFolder(options.folder));
    const kept = await readJson(join(folder, 'journal.json'), Journal);
    const records = order.params.commands.map(
      ({ index }): CommandRecord =>
        kept?.commands.find((record) => record.index === index) ?? {
          index,
          startTime: null,
          endTime: null,
          commandStatus: 'Created',
          errors: [],
        },
    );
    return new Batch(options, order, folder, records);
  }

  evidence(): Record<string, unknown> {
    return { commands: this.#reports(), done: this.#records.map(({ index, done }) => ({ index, ...done })) };
  }

  /** @throws ExecutionError when it fails or failed before; whatever interrupted it */
  async carryOut(command: OrderedCommand): Promise<void> {
    const { signal } = this.#order;
    const record = this.#recordOf(command);
    if (record.commandStatus === 'Completed') return;
    if (record.commandStatus === 'Failed') throw this.#failure(record);
    signal.throwIfAborted();
    try {
      const resumed = record.startTime !== null;
      record.startTime ??= this.#now();
      await this.#keep();
      await this.#perform(command, record, resumed);
      record.commandStatus = 'Completed';
    } catch (error) {
      // To be taken up again, or over: the desk knows which.
      if (signal.aborted) {
        if (signal.reason !== 'stopping') await this.#end(record, ['It was cancelled.']);
        throw new ExecutionError('the batch was broken off', this.evidence(), error);
      }
      await this.#end(record, [messageOf(error).slice(0, ERROR_CHARS)]);
      throw this.#failure(record);
    }
    record.endTime = this.#now();
    await this.#keep();
  }

  async #perform(command: OrderedCommand, record: CommandRecord, resumed: boolean): Promise<void> {
    const { link } = this.#options;
    const { orderId, signal } = this.#order;
    switch (command.type) {
      case 'PutFile': {
        const content = await fetchInput(link, orderId, command, signal);
        const path = await putFile(filesFolder(this.#options.folder), command.fileName, content);
        record.done = { path, size: content.length, sha256: command.sha256 };
        return;
      }
      case 'RunScript':
        return this.#runScript(command, record, resumed);
      case 'GetFile': {
        const aside = join(this.#folder, `${command.index}.file`);
        const copied = await copyAside(command.path, aside, command.maxBytes, signal);
        await uploadResult(link, orderId, String(command.index), aside, signal);
        await rm(aside, { force: true });
        record.done = { ...copied };
        return;
      }
      default:
        throw new Error(`unknown command ${JSON.stringify(command satisfies never)}`);
    }
  }

  /** The script first, once, and then what it said, as often as it takes. */
  async #runScript(
    command: OrderedCommand & { type: 'RunScript' },
    record: CommandRecord,
    resumed: boolean,
  ): Promise<void> {
    const { link } = this.#options;
    const { orderId, signal } = this.#order;
    const { index, fileName, sha256, timeoutSeconds } = command;
    const result = join(this.#folder, `${index}.json`);
    if (record.done === undefined) {
      if (resumed) {
        await killLeftOver(this.#nameOf(command));
        throw new Error('The agent was stopped before the script had ended; it is not run a second time.');
      }
      const args = splitWords(command.args);
      const content = await fetchInput(link, orderId, command, signal);
      const file = await putFile(join(this.#folder, String(index)), fileName, content, 0o700);
      const outcome = await runScript({
        name: this.#nameOf(command),
        file,
        args,
        folder: filesFolder(this.#options.folder),
        timeoutSeconds,
        keepBytes: SCRIPT_STREAM_BYTES,
        signal,
      });
      await writeDurably(
        result,
        JSON.stringify({
          script_name: fileName,
          exit_code: outcome.exitCode,
          script_output: withDropped(outcome.out),
          script_errors: withDropped(outcome.err),
        }),
      );
      const { exitCode, timedOut, confinement } = outcome;
      record.done = {
        sha256,
        exitCode,
        timedOut,
        confinedBy: confinement.kind,
        bounded: confinement.bounded,
      };
      await this.#keep();
    }
    await uploadResult(link, orderId, String(index), result, signal);
    if (record.done.timedOut === true)
      throw new Error(`The script did not end within ${timeoutSeconds} s; it and all it started were ended.`);
  }

  /** Of the cgroup too, which outlives the agent. */
  #nameOf({ index }: OrderedCommand): string {
    return `${this.#order.orderId}-${index}`;
  }

  async #end(record: CommandRecord, errors: string[]): Promise<void> {
    record.commandStatus = 'Failed';
    record.errors = errors;
    record.startTime ??= this.#now();
    record.endTime = this.#now();
    await this.#keep();
  }

  #failure({ index, errors }: CommandRecord): ExecutionError {
    return new ExecutionError(`command ${index} failed: ${errors.join(' ')}`, this.evidence());
  }

  async #keep(): Promise<void> {
    await writeJsonDurably(join(this.#folder, 'journal.json'), { commands: this.#records });
    this.#order.progress({ commands: this.#reports() });
  }

  #reports() {
    return this.#records.map(({ done: _done, ...report }) => report);
  }

  #recordOf({ index }: OrderedCommand): CommandRecord {
    const record = this.#records.find((one) => one.index === index);
    if (!record) throw new Error(`command ${index} has no record`);
    return record;
  }

  #now(): string {
    return nowIso7(this.#options.clock.now());
  }
}

function withDropped({ text, droppedBytes }: KeptOutput): string {
  return droppedBytes === 0 ? text : `${text}\n[${droppedBytes} more bytes were not kept]`;
}
