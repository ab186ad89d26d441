/**
 * Decides whether an order, or the cancellation of one, speaks with the server's voice to this device, now and for the first time. Pure but for
 * the signature's arithmetic. The TLS connection it came over proves nothing here: the pinned command key does.
 */
import {
  CancelClaims,
  type Ed25519PublicJwk,
  isOrderKind,
  ORDER_TYPE,
  OrderClaims,
  type OrderContent,
  orderKinds,
  orderParams,
} from '@merlon/contract';
import { type CryptoKey, compactVerify, decodeJwt, importJWK } from 'jose';
import { Compile } from 'typebox/compile';

export type Verified<T> =
  | { readonly ok: true; readonly claims: T }
  /** `orderId`: what the message says it is, for the operator's sake; empty when it says nothing readable. */
  | { readonly ok: false; readonly orderId: string; readonly reason: string };

/** An order whose kind this agent knows and whose parameters are those of its kind. */
export type Order = Omit<OrderClaims, 'kind' | 'params'> & OrderContent;

export interface OrderContext {
  readonly deviceId: string;
  /** The newest order taken. */
  readonly lastSeq: number;
  /** By the server's clock. */
  readonly now: Date;
}

const orderValidator = Compile(OrderClaims);
const paramsValidators = Object.fromEntries(orderKinds.map((kind) => [kind, Compile(orderParams[kind])]));
const cancelValidator = Compile(CancelClaims);
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export class OrderVerifier {
  readonly #key: Promise<CryptoKey | Uint8Array>;

  constructor(commandKey: Ed25519PublicJwk) {
    this.#key = importJWK(commandKey, 'EdDSA');
  }

  /** All but the sequence, which only {@link isNewer} can judge once it is known that the order is no repetition. */
  async order(jws: string, context: Omit<OrderContext, 'lastSeq'>): Promise<Verified<Order>> {
    const opened = await this.#open(jws);
    if (typeof opened === 'string') return refusal(jws, opened);
    if (!orderValidator.Check(opened)) return refusal(jws, malformed('order', orderValidator, opened));
    const problem = contentProblem(opened) ?? addresseeOrAgeProblem(opened, context);
    return problem === null ? { ok: true, claims: opened as Order } : refusal(jws, problem);
  }

  async cancel(jws: string, context: Omit<OrderContext, 'lastSeq'>): Promise<Verified<CancelClaims>> {
    const opened = await this.#open(jws);
    if (typeof opened === 'string') return refusal(jws, opened);
    if (!cancelValidator.Check(opened))
      return refusal(jws, malformed('cancellation', cancelValidator, opened));
    const problem = addresseeOrAgeProblem(opened, context);
    return problem === null ? { ok: true, claims: opened } : refusal(jws, problem);
  }

  async #open(jws: string): Promise<object | string> {
    try {
      const { payload, protectedHeader } = await compactVerify(jws, await this.#key, {
        algorithms: ['EdDSA'],
      });
      if (protectedHeader.typ !== ORDER_TYPE) return `its typ is not ${ORDER_TYPE}`;
      const claims: unknown = JSON.parse(Buffer.from(payload).toString('utf8'));
      return typeof claims === 'object' && claims !== null ? claims : 'its payload is not an object';
    } catch {
      return 'it is not signed by the command key pinned at onboarding';
    }
  }
}

/** Orders count up; one that is not newer than the last was taken before, or is being replayed. */
export function isNewer(claims: Pick<OrderClaims, 'seq'>, lastSeq: number): boolean {
  return Number.isSafeInteger(claims.seq) && claims.seq > lastSeq;
}

function addresseeOrAgeProblem(
  claims: { sub: string; iat: number; exp: number },
  { deviceId, now }: Omit<OrderContext, 'lastSeq'>,
): string | null {
  if (claims.sub !== deviceId) return 'it is addressed to another device';
  if (claims.exp * 1000 <= now.getTime()) {
    return `it expired at ${new Date(claims.exp * 1000).toISOString()}; the time is ${now.toISOString()}`;
  }
  return null;
}

function contentProblem({ kind, params }: OrderClaims): string | null {
  const validator = isOrderKind(kind) ? paramsValidators[kind] : undefined;
  if (!validator) return `this agent knows no order of kind ${JSON.stringify(kind)}`;
  return validator.Check(params) ? null : malformed(`order's params`, validator, params);
}

function malformed(
  what: string,
  validator: { Errors(value: unknown): { instancePath: string }[] },
  value: object,
): string {
  const [first] = validator.Errors(value);
  return `the ${what} is malformed at ${first?.instancePath || '/'}`;
}

function refusal(jws: string, reason: string): { ok: false; orderId: string; reason: string } {
  return { ok: false, orderId: claimedId(jws), reason };
}

function claimedId(jws: string): string {
  try {
    const { jti } = decodeJwt(jws);
    return typeof jti === 'string' && GUID.test(jti) ? jti : '';
  } catch {
    return '';
  }
}
