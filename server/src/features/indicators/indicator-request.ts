/** From what a client says of an indicator to what is kept of it. Pure. */
import {
  ApiError,
  type IndicatorAction,
  type IndicatorRequest,
  type IndicatorSeverity,
  type IndicatorType,
  indicatorActions,
  indicatorSeverities,
  indicatorTypes,
} from '@merlon/contract';
import { canonicalUrl, type IndicatorValue, indicatorValue } from './indicator-value.ts';

export interface IndicatorFields {
  readonly type: IndicatorType;
  readonly value: IndicatorValue;
  readonly action: IndicatorAction;
  readonly title: string;
  readonly description: string;
  readonly application: string | null;
  readonly expiresAt: Date | null;
  readonly severity: IndicatorSeverity;
  readonly recommendedActions: string | null;
  /** Device groups, by name or by id. Neither: all devices. */
  readonly groups: { readonly names: readonly string[]; readonly ids: readonly number[] };
  readonly generateAlert: boolean;
  readonly educateUrl: string | null;
  readonly externalId: string | null;
  /** Days of past events to look through; null: none. */
  readonly lookBackDays: number | null;
}

const ofFiles: readonly IndicatorAction[] = indicatorActions;
const ofNetwork: readonly IndicatorAction[] = indicatorActions.filter((one) => one !== 'BlockAndRemediate');

/** api-entities.yaml, indicator.action. */
const actionsOf: Readonly<Record<IndicatorType, readonly IndicatorAction[]>> = {
  FileSha1: ofFiles,
  FileSha256: ofFiles,
  FileMd5: ofFiles,
  CertificateThumbprint: ['Allowed', 'BlockAndRemediate'],
  IpAddress: ofNetwork,
  DomainName: ofNetwork,
  Url: ofNetwork,
};

const MAX_LOOK_BACK_DAYS = 30;

/** @throws ApiError that names what is wrong */
export function indicatorFields(request: IndicatorRequest, now: Date): IndicatorFields {
  const type = chosen('indicatorType', indicatorTypes, request.indicatorType);
  const action = chosen('action', indicatorActions, request.action);
  if (!actionsOf[type].includes(action))
    throw new ApiError(
      'InvalidInput',
      `The action of a ${type} may be ${actionsOf[type].join(', ')}; it was ${action}.`,
    );
  const asked = flag('generateAlert', request.generateAlert);
  if (action === 'Audit' && asked !== true)
    throw new ApiError('InvalidInput', 'generateAlert must be true for the action Audit.');
  // What is allowed raises none, whatever is asked for.
  const generateAlert =
    action === 'Alert' || action === 'AlertAndBlock' || (asked === true && action !== 'Allowed');
  // Past events are looked through for alerts only. Who turns those off need not know of the other.
  const historical = generateAlert && (request.historicalDetection ?? true);
  if (request.title.trim() === '') throw new ApiError('InvalidInput', "'title' is empty.");
  const severity = given(request.severity);
  const expirationTime = given(request.expirationTime);
  const educateUrl = given(request.educateUrl);
  const lookBackDays = lookBack(given(request.lookBackPeriod));
  return {
    type,
    value: indicatorValue(type, request.indicatorValue),
    action,
    title: request.title,
    description: request.description,
    application: given(request.application),
    expiresAt: expirationTime === null ? null : expiry(expirationTime, now),
    severity: severity === null ? 'Informational' : chosen('severity', indicatorSeverities, severity),
    recommendedActions: given(request.recommendedActions),
    groups: groups(request),
    generateAlert,
    educateUrl: educateUrl === null ? null : page(educateUrl),
    externalId: given(request.externalId),
    lookBackDays: historical ? lookBackDays : null,
  };
}

/** Connectors send empty texts for what they were not told. */
function given(text: string | null | undefined): string | null {
  return text == null || text.trim() === '' ? null : text;
}

function chosen<T extends string>(name: string, values: readonly T[], said: string): T {
  const found = values.find((value) => value.toLowerCase() === said.trim().toLowerCase());
  if (found === undefined)
    throw new ApiError(
      'InvalidInput',
      `'${name}' must be one of ${values.join(', ')}; it was ${JSON.stringify(said.slice(0, 64))}.`,
    );
  return found;
}

function flag(name: string, said: IndicatorRequest['generateAlert']): boolean | null {
  if (said == null || said === '' || typeof said === 'boolean')
    return typeof said === 'boolean' ? said : null;
  const text = said.toLowerCase();
  if (text === 'true' || text === 'false') return text === 'true';
  throw new ApiError('InvalidInput', `'${name}' must be true or false.`);
}

const TIME = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/i;

function expiry(said: string, now: Date): Date {
  const text = said.trim();
  const zoned = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text.slice(10)) || text.length === 10 ? text : `${text}Z`;
  const at = new Date(TIME.test(text) ? zoned.replace(' ', 'T') : Number.NaN);
  if (Number.isNaN(at.getTime()))
    throw new ApiError(
      'InvalidInput',
      `'expirationTime' must be an ISO 8601 time; it was ${JSON.stringify(text)}.`,
    );
  if (at <= now)
    throw new ApiError('InvalidInput', `'expirationTime' must be in the future; it was ${at.toISOString()}.`);
  return at;
}

function groups({ rbacGroupNames, rbacGroupIds }: IndicatorRequest): IndicatorFields['groups'] {
  const names = typeof rbacGroupNames === 'string' ? rbacGroupNames.split(',') : (rbacGroupNames ?? []);
  const ids = (rbacGroupIds ?? []).map((id) => {
    if (!/^\d{1,9}$/.test(String(id)))
      throw new ApiError('InvalidInput', `${JSON.stringify(id)} is not the id of a device group.`);
    return Number(id);
  });
  const wanted = names.map((name) => name.trim()).filter((name) => name !== '');
  // Both are sent back by clients that read the indicator before: then the names say it.
  return { names: [...new Set(wanted)], ids: wanted.length > 0 ? [] : [...new Set(ids)] };
}

function page(said: string): string {
  if (!/^https?:\/\//i.test(said) || canonicalUrl(said) === null)
    throw new ApiError('InvalidUrl', "'educateUrl' must be an http or https URL.");
  return said;
}

function lookBack(said: string | null): number {
  if (said === null) return MAX_LOOK_BACK_DAYS;
  const days = Number(/^(?:P(\d{1,3})D|(\d{1,3}))$/i.exec(said.trim())?.slice(1).find(Boolean) ?? Number.NaN);
  if (!(days >= 1 && days <= MAX_LOOK_BACK_DAYS))
    throw new ApiError(
      'InvalidInput',
      `'lookBackPeriod' must be 1 to ${MAX_LOOK_BACK_DAYS} days, as P30D; it was ${JSON.stringify(said)}.`,
    );
  return days;
}
