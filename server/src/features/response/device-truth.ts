/**
 * What the orders a device carried out have made of it, to be held against what it reports of itself. Pure.
 *
 * A pair of opposite orders leaves the device in one of two states; the last of them that succeeded says which. While one is under way the device may report either.
 */
import type { DeviceHealth, MachineActionStatus, OrderKind, OrderParams } from '@merlon/contract';

export interface StandingState {
  readonly isolation: DeviceHealth['isolation'];
  readonly restricted: boolean;
  /** Kinds under way. */
  readonly open: ReadonlySet<OrderKind>;
}

interface ActionFacts {
  readonly type: OrderKind;
  readonly status: MachineActionStatus;
  readonly params: Readonly<Record<string, unknown>>;
}

const NETWORK: readonly OrderKind[] = ['Isolate', 'Unisolate'];
const EXECUTION: readonly OrderKind[] = ['RestrictCodeExecution', 'UnrestrictCodeExecution'];
/** The kinds that leave a device in a state it reports. */
export const STANDING_KINDS: readonly OrderKind[] = [...NETWORK, ...EXECUTION];
export const UNTOUCHED: StandingState = { isolation: 'None', restricted: false, open: new Set() };

/** The state once the action has come to be what it is. Actions are told in the order of their places. */
export function standingAfter(state: StandingState, { type, status, params }: ActionFacts): StandingState {
  if (!STANDING_KINDS.includes(type)) return state;
  const open = new Set(state.open);
  if (status === 'InProgress' || status === 'Pending') open.add(type);
  else open.delete(type);
  if (status !== 'Succeeded') return { ...state, open };
  switch (type) {
    case 'Isolate':
      return { ...state, open, isolation: (params as OrderParams<'Isolate'>).isolationType };
    case 'Unisolate':
      return { ...state, open, isolation: 'None' };
    case 'RestrictCodeExecution':
      return { ...state, open, restricted: true };
    default:
      return { ...state, open, restricted: false };
  }
}

/** What the device reports that the receipts it signed exclude. */
export function contradictions(
  state: StandingState,
  health: Pick<DeviceHealth, 'isolation' | 'executionRestricted'>,
): { key: string; description: string }[] {
  const underWay = (kinds: readonly OrderKind[]) => kinds.some((kind) => state.open.has(kind));
  const found = [];
  if (!underWay(NETWORK) && health.isolation !== state.isolation) {
    found.push({
      key: 'isolation',
      description: `It reports isolation ${health.isolation}, but the last order it proved to have carried out left it at ${state.isolation}.`,
    });
  }
  if (
    !underWay(EXECUTION) &&
    health.executionRestricted !== undefined &&
    health.executionRestricted !== state.restricted
  ) {
    found.push({
      key: 'restriction',
      description: `It reports that app execution is ${restricted(health.executionRestricted)}, but the last order it proved to have carried out left it ${restricted(state.restricted)}.`,
    });
  }
  return found;
}

function restricted(is: boolean): string {
  return is ? 'restricted' : 'not restricted';
}
