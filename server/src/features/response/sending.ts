/** Puts words on the way to a device: orders, and that one may not begin or go on. */
import type { Clock } from '../../telemetry/clock.ts';
import type { CommandKey } from '../onboarding/index.ts';
import type { ChannelHub } from './channel-hub.ts';
import { signCancel, signOrder } from './orders.ts';
import type { MachineActionRow, ResponseStore } from './store.ts';

export interface SendingDeps {
  readonly hub: Pick<ChannelHub, 'send'>;
  readonly store: Pick<ResponseStore, 'open'>;
  readonly commandKey: () => CommandKey;
  readonly clock: Clock;
}

/** Sends the device everything it has yet to carry out. Safe to repeat: a device takes no order twice. */
export async function sendOpenOrders(
  deps: SendingDeps,
  tenantId: string,
  deviceId: string,
  afterSeq: number,
): Promise<void> {
  for (const action of await deps.store.open(tenantId, deviceId)) {
    if (Number(action.seq) > afterSeq) await sendOrder(deps, action);
    if (action.cancelled_at) await sendCancel(deps, action);
  }
}

/** The newest word on an action: the order, or that it may not begin or go on. */
export async function sendWord(deps: SendingDeps, action: MachineActionRow): Promise<void> {
  await (action.cancelled_at ? sendCancel(deps, action) : sendOrder(deps, action));
}

async function sendCancel(deps: SendingDeps, action: MachineActionRow): Promise<void> {
  const cancel = await signCancel(action, deps.commandKey(), deps.clock.now());
  deps.hub.send(action.machine_id, { type: 'cancel', cancel });
}

async function sendOrder(deps: SendingDeps, action: MachineActionRow): Promise<void> {
  const order = await signOrder(action, deps.commandKey(), deps.clock.now());
  deps.hub.send(action.machine_id, { type: 'order', order });
}
