/**
 * Takes the records of a range to a destination, in order and in parts of bounded size. The next part is made while one is under way.
 * What is refused for good is found by halving, so that one record does not hold up the others.
 */
import { DeliveryError, type Destination, type ExportRecord } from '@merlon/destinations';

export interface PartLimits {
  readonly rows: number;
  /** Of the texts. One record alone may be longer. */
  readonly bytes: number;
}

export interface RefusedRecord {
  readonly reason: string;
  readonly record: ExportRecord;
}

export interface JobOutcome {
  /** How many records, counted from the first one given, are settled: delivered, or among `refused`. */
  readonly settled: number;
  /** The settled ones by table and hour of receipt. */
  readonly counts: readonly HourCount[];
  readonly bytes: number;
  readonly refused: readonly RefusedRecord[];
  /** Of the newest record that was delivered. */
  readonly newest: string | null;
  /** Null: all are settled. */
  readonly failure: { readonly error: unknown } | null;
}

export interface HourCount {
  readonly table: string;
  /** `2026-11-25T14` */
  readonly hour: string;
  readonly delivered: number;
  readonly refused: number;
}

/** So many refused and none taken since: it is not about single records. */
export const REFUSALS_THAT_STOP = 100;

export interface JobInput {
  readonly records: AsyncIterable<ExportRecord>;
  readonly destination: Pick<Destination, 'deliver'>;
  readonly limits: PartLimits;
  /** Records refused since one was last taken, before this job. */
  readonly refusedBefore: number;
  readonly signal: AbortSignal;
}

export async function deliverAll({
  records,
  destination,
  limits,
  refusedBefore,
  signal,
}: JobInput): Promise<JobOutcome> {
  const counts = new Map<string, { table: string; hour: string; delivered: number; refused: number }>();
  const refused: RefusedRecord[] = [];
  let settled = 0;
  let bytes = 0;
  let newest: string | null = null;
  let refusedInARow = refusedBefore;

  const count = (record: ExportRecord, how: 'delivered' | 'refused') => {
    const hour = record.time.slice(0, 13);
    const key = `${record.table} ${hour}`;
    const entry = counts.get(key) ?? { table: record.table, hour, delivered: 0, refused: 0 };
    counts.set(key, entry);
    entry[how] += 1;
    settled += 1;
  };

  const deliver = async (part: readonly ExportRecord[]): Promise<void> => {
    try {
      bytes += (await destination.deliver(part, signal)).bytes;
    } catch (error) {
      if (!(error instanceof DeliveryError) || error.fault !== 'refused') throw error;
      const [only] = part;
      if (part.length > 1) {
        const middle = part.length >> 1;
        await deliver(part.slice(0, middle));
        await deliver(part.slice(middle));
      } else if (only !== undefined) {
        refusedInARow += 1;
        if (refusedInARow >= REFUSALS_THAT_STOP) throw error;
        refused.push({ reason: error.message, record: only });
        count(only, 'refused');
      }
      return;
    }
    refusedInARow = 0;
    for (const record of part) {
      count(record, 'delivered');
      if (newest === null || record.time > newest) newest = record.time;
    }
  };

  let underWay: Promise<void> = Promise.resolve();
  let failure: JobOutcome['failure'] = null;
  try {
    for await (const part of parts(records, limits)) {
      await underWay;
      underWay = deliver(part);
      // It is looked at when the next part is there; until then it must not count as unhandled.
      underWay.catch(() => {});
    }
    await underWay;
  } catch (error) {
    // The part under way may still settle something: what is told must be the end of it.
    await underWay.catch(() => {});
    failure = { error };
  }
  return { settled, counts: [...counts.values()], bytes, refused, newest, failure };
}

async function* parts(
  records: AsyncIterable<ExportRecord>,
  limits: PartLimits,
): AsyncGenerator<readonly ExportRecord[]> {
  let part: ExportRecord[] = [];
  let bytes = 0;
  for await (const record of records) {
    if (part.length > 0 && (part.length >= limits.rows || bytes + record.json.length > limits.bytes)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(record);
    bytes += record.json.length;
  }
  if (part.length > 0) yield part;
}
