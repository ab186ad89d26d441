/** Turns a machine action into the signed order that its device will accept. */

import { randomUUID } from 'node:crypto';
import { type CancelClaims, ORDER_TYPE, type OrderClaims } from '@merlon/contract';
import type { CommandKey } from '../onboarding/index.ts';
import type { MachineActionRow } from './store.ts';

export function signOrder(action: MachineActionRow, key: CommandKey, now: Date): Promise<string> {
  const claims: OrderClaims = {
    jti: action.id,
    sub: action.machine_id,
    seq: Number(action.seq),
    kind: action.type,
    params: action.params,
    iat: seconds(now),
    exp: seconds(action.expires_at),
  };
  return key.sign(ORDER_TYPE, claims);
}

export function signCancel(action: MachineActionRow, key: CommandKey, now: Date): Promise<string> {
  const claims: CancelClaims = {
    jti: randomUUID(),
    sub: action.machine_id,
    cancelledOrderId: action.id,
    iat: seconds(now),
    exp: seconds(action.expires_at),
  };
  return key.sign(ORDER_TYPE, claims);
}

function seconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}
