/**
 * What `DeviceContent` of the device protocol carries, topic by topic: what a device shall enforce until it is told otherwise. An item that a device cannot read is
 * left out by it and told, so a newer server may say more than an older device knows.
 */
import { type Static, type TObject, Type } from 'typebox';
import { indicatorActions, indicatorSeverities, indicatorTypes } from './entities/indicator.ts';
import { choice } from './entities/schema.ts';

/**
 * An indicator in force on a device. `value` is in one form: hashes and thumbprints in lower-case hex, addresses as `node:net` and RFC 5952 write them, domains in lower-case
 * ASCII without a last dot, URLs without fragment, with host in lower-case ASCII. A domain stands for the names below it too.
 */
export const IndicatorItem = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 32 }),
  type: choice(indicatorTypes, 'What it recognises.'),
  value: Type.String({ minLength: 1, maxLength: 4_096 }),
  action: choice(indicatorActions, 'What the device does when it meets it.'),
  title: Type.String({ maxLength: 1_024 }),
  severity: choice(indicatorSeverities, 'How grave it is.'),
  /** Unix seconds. From then on it is not in force, whether or not the server said so. Left out: for ever. */
  expiresAt: Type.Optional(Type.Integer({ minimum: 0 })),
});
export type IndicatorItem = Static<typeof IndicatorItem>;

/** Whether the action keeps the device from running the file or reaching the address. Warn does: there is nobody to ask on a server, and what cannot be asked is not let through. */
export function isBlocking(action: IndicatorItem['action']): boolean {
  switch (action) {
    case 'Block':
    case 'BlockAndRemediate':
    case 'AlertAndBlock':
    case 'Warn':
      return true;
    case 'Alert':
    case 'Audit':
    case 'Allowed':
      return false;
    default:
      throw new Error(`unknown action ${action satisfies never as string}`);
  }
}

const exactness = {
  FileSha256: 3,
  FileSha1: 2,
  FileMd5: 1,
  CertificateThumbprint: 0,
  Url: 3,
  DomainName: 2,
  IpAddress: 1,
} as const satisfies Record<IndicatorItem['type'], number>;

/**
 * The one that rules among those that match one file or one connection, whatever it says: the stronger hash; the URL before the name before the address; and the longer
 * value, which is the more exact. Null: there is none.
 */
export function rulingIndicator<T extends Pick<IndicatorItem, 'type' | 'value'>>(
  matching: readonly T[],
): T | null {
  let ruling: T | null = null;
  for (const item of matching) {
    const difference = ruling
      ? exactness[item.type] - exactness[ruling.type] || item.value.length - ruling.value.length
      : 1;
    if (difference > 0) ruling = item;
  }
  return ruling;
}

export const YARA_RULES_ID_PATTERN = '^[A-Za-z_][A-Za-z0-9_]{0,63}$';

/** YARA rules that stand or fall together, for scans. `id` is the namespace of its rules. */
export const YaraRulesItem = Type.Object({
  id: Type.String({ pattern: YARA_RULES_ID_PATTERN }),
  text: Type.String({ minLength: 1, maxLength: 256 * 1024 }),
});
export type YaraRulesItem = Static<typeof YaraRulesItem>;

/** What the items of each topic are. */
export const contentItems = { indicators: IndicatorItem, yaraRules: YaraRulesItem } as const satisfies Record<
  string,
  TObject
>;

export type ContentTopic = keyof typeof contentItems;
export type ContentItem<T extends ContentTopic> = Static<(typeof contentItems)[T]>;
export const contentTopics = Object.keys(contentItems) as readonly ContentTopic[];

export function isContentTopic(topic: string): topic is ContentTopic {
  return Object.hasOwn(contentItems, topic);
}
