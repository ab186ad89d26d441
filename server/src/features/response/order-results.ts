/** Takes in what orders yield, part by part, from the device that was ordered. */
import {
  ApiError,
  DEVICE_PATHS,
  isGuid,
  ORDER_RESULT_NAME_PATTERN,
  type OrderKind,
  type OrderResult,
  RESULT_PART,
  ResultProgress,
  resultsOf,
} from '@merlon/contract';
import { Type } from 'typebox';
import { type DeviceCaller, defineRoute, type Route } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { LiveAttendance } from './live-attendance.ts';
import type { OrderResultsStore } from './order-results-store.ts';
import type { MachineActionRow, ResponseStore } from './store.ts';

const DAY_MS = 24 * 3_600_000;
const SHA256 = /^[0-9a-f]{64}$/;
const params = Type.Object({
  orderId: Type.String(),
  name: Type.String({ pattern: ORDER_RESULT_NAME_PATTERN }),
});

export interface OrderResultDeps {
  readonly store: Pick<ResponseStore, 'find'>;
  readonly results: OrderResultsStore;
  /** A console session hands in files as an order does. */
  readonly live: Pick<LiveAttendance, 'resultOf'>;
  readonly clock: Clock;
}

/** What may be handed in under this name, and how long it is kept. */
interface Expected extends OrderResult {
  readonly ownerId: string;
  readonly ownerKind: 'machineAction' | 'liveSession';
  readonly retentionMs: number;
}

export function orderResultRoutes({ store, results, live, clock }: OrderResultDeps): Route[] {
  return [
    defineRoute({
      id: 'device.putOrderResult',
      method: 'PUT',
      path: DEVICE_PATHS.orderResult,
      summary: 'Take a part of what an order yielded; answered once the part is durable.',
      access: { kind: 'device' },
      audit: 'machineAction.result',
      accepts: 'raw',
      bodyLimit: RESULT_PART.maxBytes,
      params,
      responses: { 200: ResultProgress, 409: ResultProgress },
      async handle({ caller, params: { orderId, name }, headers, rawBody, audit }) {
        const expected = await expectedResult(caller, orderId, name);
        audit.target(expected.ownerKind, expected.ownerId);
        const part = {
          actionId: expected.ownerId,
          name,
          offset: numberIn(headers, RESULT_PART.offsetHeader),
          size: numberIn(headers, RESULT_PART.sizeHeader),
          sha256: hashIn(headers),
          bytes: rawBody,
        };
        audit.details({ result: name, size: part.size, sha256: part.sha256 });
        if (part.size > expected.maxBytes)
          throw new ApiError('PayloadTooLarge', `${name} may hold ${expected.maxBytes} bytes.`);
        const outcome = await results.put(caller.tenantId, part, clock.now(), expected.retentionMs);
        switch (outcome.kind) {
          case 'kept':
            // One record for the whole, not one for every part.
            if (!outcome.whole) audit.repeats();
            return { status: 200, body: outcome.progress };
          case 'elsewhere':
            audit.repeats();
            return { status: 409, body: outcome.progress };
          case 'wrongHash':
            throw new ApiError('InvalidHashValue', 'The whole has another hash; nothing of it was kept.');
          case 'taken':
            throw new ApiError('BadRequest', `${name} was handed in already, with another hash.`);
          case 'full':
            throw new ApiError('PayloadTooLarge', 'There is no space for results left in this tenant.');
          default:
            throw new Error(`unknown outcome ${JSON.stringify(outcome satisfies never)}`);
        }
      },
    }),
    defineRoute({
      id: 'device.getOrderResult',
      method: 'GET',
      path: DEVICE_PATHS.orderResult,
      summary: 'How much is kept of what an order yields.',
      access: { kind: 'device' },
      audit: null,
      params,
      responses: { 200: ResultProgress },
      async handle({ caller, params: { orderId, name } }) {
        const { ownerId } = await expectedResult(caller, orderId, name);
        return { status: 200, body: await results.progress(caller.tenantId, ownerId, name) };
      },
    }),
  ];

  async function expectedResult(device: DeviceCaller, id: string, name: string): Promise<Expected> {
    const inSession = await live.resultOf(device, id, name);
    if (inSession)
      return {
        ...inSession,
        ownerId: id,
        ownerKind: 'liveSession',
        retentionMs: retentionMs('LiveResponse'),
      };
    const action = await openOrder(store, device, id);
    const expected = resultsOf(action.type, action.params).find((result) => result.name === name);
    if (!expected)
      throw new ApiError('InvalidInput', `An order of kind ${action.type} hands in no ${name} here.`);
    return {
      ...expected,
      ownerId: action.id,
      ownerKind: 'machineAction',
      retentionMs: retentionMs(action.type),
    };
  }
}

/**
 * An order of this device that is not over. Pending counts: the word that it was begun may come later than what it yielded, and only whoever has the order
 * knows its id.
 * @throws ResourceNotFound, BadRequest
 */
export async function openOrder(
  store: Pick<ResponseStore, 'find'>,
  { tenantId, deviceId }: DeviceCaller,
  orderId: string,
): Promise<MachineActionRow> {
  const action = isGuid(orderId) ? await store.find(tenantId, orderId) : undefined;
  if (action?.machine_id !== deviceId || action.approval === 'Required')
    throw new ApiError('ResourceNotFound', `There is no order ${orderId} for this device.`);
  if (action.status !== 'Pending' && action.status !== 'InProgress')
    throw new ApiError('BadRequest', `Order ${orderId} is over: ${action.status}.`);
  return action;
}

/** How long what it yielded is kept. */
function retentionMs(kind: OrderKind): number {
  return (kind === 'LiveResponse' ? 7 : 30) * DAY_MS;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

function numberIn(headers: Headers, name: string): number {
  const text = headers[name];
  if (typeof text !== 'string' || !/^\d{1,15}$/.test(text))
    throw new ApiError('InvalidInput', `The header ${name} must be a number of bytes.`);
  return Number(text);
}

function hashIn(headers: Headers): string {
  const text = headers[RESULT_PART.sha256Header];
  if (typeof text !== 'string' || !SHA256.test(text))
    throw new ApiError('InvalidInput', `The header ${RESULT_PART.sha256Header} must be 64 hex digits.`);
  return text;
}
