/** Records as Event Hubs gets them: `{"records":[…]}`, all of one device in a message, so that a partition key can keep their order. Pure. */
import { DeliveryError, type ExportRecord } from '../destination.ts';

/** What both protocols add to a body: properties, annotations, the key. */
const OVERHEAD = 1_024;
const HEAD = '{"records":[';
const TAIL = ']}';

/** Messages of one hub and one device, in order. */
export interface Sequence {
  readonly hub: string;
  readonly key: string;
  readonly bodies: Buffer[];
}

/** @throws DeliveryError `refused` for a record that no message holds */
export function envelopes(
  records: readonly ExportRecord[],
  hubOf: (table: string) => string,
  maxMessageBytes: number,
): Sequence[] {
  const room = maxMessageBytes - OVERHEAD;
  const open = new Map<string, { readonly sequence: Sequence; texts: string[]; size: number }>();
  for (const { id, table, key, json } of records) {
    const size = Buffer.byteLength(json) + 1;
    if (HEAD.length + size + TAIL.length > room)
      throw new DeliveryError('refused', `Record ${id} has ${size} bytes; a message takes ${room}.`);
    const hub = hubOf(table);
    let current = open.get(`${hub} ${key}`);
    if (current === undefined) {
      current = { sequence: { hub, key, bodies: [] }, texts: [], size: HEAD.length + TAIL.length };
      open.set(`${hub} ${key}`, current);
    }
    if (current.size + size > room) {
      current.sequence.bodies.push(bodyOf(current.texts));
      current.texts = [];
      current.size = HEAD.length + TAIL.length;
    }
    current.texts.push(json);
    current.size += size;
  }
  return [...open.values()].map(({ sequence, texts }) => {
    sequence.bodies.push(bodyOf(texts));
    return sequence;
  });
}

const bodyOf = (texts: readonly string[]): Buffer => Buffer.from(HEAD + texts.join(',') + TAIL);
