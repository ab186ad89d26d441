/** Where records and messages may be sent to for others. */
import { DeliveryError, type DestinationContext } from '@merlon/destinations';
import { hostAllowList } from './host-allow-list.ts';

/** @param networks private ones that may be sent to; null: any address may be */
export function deliveryContext(networks: readonly string[] | null, now: () => number): DestinationContext {
  const allowed = networks === null ? null : hostAllowList(networks);
  return {
    mayConnect(host, address) {
      if (allowed !== null && !allowed.mayConnect(address))
        throw new DeliveryError(
          'forbidden',
          `The address of ${host} is private, and the operator of this server lets nobody send there.`,
        );
    },
    now,
  };
}
