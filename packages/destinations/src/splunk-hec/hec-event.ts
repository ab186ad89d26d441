/** A record as an event of Splunk's HTTP Event Collector, and what the collector's codes mean. Pure. */
import { DeliveryError, type DeliveryFault, type ExportRecord } from '../destination.ts';
import type { HttpAnswer } from '../http/http-client.ts';
import { statusFault } from '../http/status-fault.ts';
import { jsonObject } from '../json-object.ts';
import { recordContent } from '../record-content.ts';

export interface HecNames {
  readonly index: string | undefined;
  readonly source: string;
  /** `{table}` stands for the table in lower case. */
  readonly sourcetype: string;
}

export function hecEvent(record: ExportRecord, names: HecNames): string {
  const { Timestamp, DeviceName } = recordContent(record).properties;
  const head = JSON.stringify({
    time: epochSeconds(typeof Timestamp === 'string' ? Timestamp : record.time),
    ...(typeof DeviceName === 'string' && DeviceName !== '' ? { host: DeviceName } : {}),
    source: names.source,
    sourcetype: names.sourcetype.replaceAll('{table}', record.table.toLowerCase()),
    ...(names.index === undefined ? {} : { index: names.index }),
    fields: { record_id: record.id },
  });
  return `${head.slice(0, -1)},"event":${record.json}}`;
}

/** `1764079381.1234567`: a text, since a number does not hold so many digits. */
function epochSeconds(time: string): string {
  const [whole = '', fraction = ''] = time.replace(/Z$/, '').split('.');
  const seconds = Date.parse(`${whole}Z`) / 1_000;
  return Number.isNaN(seconds) ? '0' : `${seconds}${fraction === '' ? '' : `.${fraction}`}`;
}

/** Codes of the collector's answers that say more than the status. */
const FAULTS: ReadonlyMap<number, DeliveryFault> = new Map([
  [1, 'credentials'],
  [2, 'credentials'],
  [3, 'credentials'],
  [4, 'credentials'],
  [6, 'refused'],
  [7, 'missing'],
  [8, 'throttled'],
  [9, 'throttled'],
  [10, 'settings'],
  [11, 'settings'],
  [12, 'refused'],
  [13, 'refused'],
  [14, 'settings'],
  [15, 'refused'],
  [18, 'throttled'],
  [19, 'throttled'],
  [20, 'throttled'],
  [23, 'throttled'],
  [26, 'throttled'],
  [27, 'throttled'],
]);
export const NO_DATA = 5;

export function hecCode(answer: HttpAnswer): number | null {
  const { code } = jsonObject(answer.body.toString());
  return typeof code === 'number' ? code : null;
}

export function hecFault(answer: HttpAnswer, who: string, now: number): DeliveryError {
  const { text } = jsonObject(answer.body.toString());
  const general = statusFault(answer, who, now, typeof text === 'string' ? text.slice(0, 200) : '');
  const fault = FAULTS.get(hecCode(answer) ?? -1);
  return fault === undefined
    ? general
    : new DeliveryError(fault, general.message, { retryAfterMs: general.retryAfterMs });
}
