/** What a device holds of a topic, and what becomes of it when the server says more. Pure. */
import { type ContentItem, type ContentTopic, contentItems, type DeviceContent } from '@merlon/contract';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';

const Item = Type.Object({ id: Type.String() }, { additionalProperties: true });

export const HeldContent = Type.Object({
  version: Type.Integer({ minimum: 0 }),
  scope: Type.String(),
  /** As they came, also those that this version of the agent cannot read. */
  items: Type.Array(Item),
});
export type HeldContent = Static<typeof HeldContent>;

export const NOTHING_HELD: HeldContent = { version: 0, scope: '', items: [] };

/** Kept a while after their time, in case the clock is wrong and is set right. */
const KEPT_EXPIRED_S = 7 * 86_400;

export type NextContent =
  | { readonly kind: 'next'; readonly held: HeldContent }
  /** A delta to something else: all there is has to be asked for. */
  | { readonly kind: 'misfit' }
  | { readonly kind: 'refused'; readonly reason: string };

export function nextContent(held: HeldContent, content: DeviceContent, now: Date): NextContent {
  const { version, base, scope, upserts, removes } = content;
  if (!Number.isSafeInteger(version) || version <= held.version)
    return {
      kind: 'refused',
      reason: `its version ${version} is not newer than ${held.version}: it was taken before, or is replayed`,
    };
  if (base !== 0 && (base !== held.version || scope !== held.scope)) return { kind: 'misfit' };
  const items = new Map(base === 0 ? [] : held.items.map((item) => [item.id, item]));
  for (const id of removes) items.delete(id);
  for (const item of upserts) {
    const { id } = item;
    if (typeof id !== 'string') return { kind: 'refused', reason: 'one of its items has no id' };
    items.set(id, { ...item, id });
  }
  const over = now.getTime() / 1_000 - KEPT_EXPIRED_S;
  const kept = [...items.values()].filter((item) => (expiryOf(item) ?? over + 1) > over);
  return { kind: 'next', held: { version, scope, items: kept } };
}

const validators = Object.fromEntries(
  Object.entries(contentItems).map(([topic, schema]) => [topic, Compile(schema)]),
) as unknown as { readonly [T in ContentTopic]: { Check(value: unknown): value is ContentItem<T> } };

export interface InForce<T extends ContentTopic> {
  readonly items: readonly ContentItem<T>[];
  /** Items that this agent cannot read. */
  readonly unreadable: number;
  /** When one of them ceases; null: none does. */
  readonly until: Date | null;
}

/** What of the held items is in force at this moment. */
export function inForce<T extends ContentTopic>(topic: T, held: HeldContent, now: Date): InForce<T> {
  const validator = validators[topic];
  const seconds = now.getTime() / 1_000;
  const items: ContentItem<T>[] = [];
  let unreadable = 0;
  let until: number | null = null;
  for (const item of held.items) {
    const expiry = expiryOf(item);
    if (expiry !== null && expiry <= seconds) continue;
    if (!validator.Check(item)) {
      unreadable += 1;
      continue;
    }
    items.push(item);
    if (expiry !== null && (until === null || expiry < until)) until = expiry;
  }
  return { items, unreadable, until: until === null ? null : new Date(until * 1_000) };
}

function expiryOf(item: Readonly<Record<string, unknown>>): number | null {
  const { expiresAt } = item;
  return typeof expiresAt === 'number' ? expiresAt : null;
}
