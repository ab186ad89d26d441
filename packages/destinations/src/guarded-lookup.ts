/**
 * Resolves names for sockets, and hands on only addresses that may be connected to. The check is made on the very addresses that are then connected
 * to, so that a name cannot change between the two.
 */
import { lookup as resolve } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { DeliveryError, type DestinationContext } from './destination.ts';

type MayConnect = DestinationContext['mayConnect'];

export function guardedLookup(mayConnect: MayConnect): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error)
        return callback(
          new DeliveryError('unreachable', `The name ${hostname} is not known.`, { cause: error }),
          [],
        );
      let refusal: unknown;
      const usable = addresses.filter(({ address }) => {
        try {
          mayConnect(hostname, address);
          return true;
        } catch (why) {
          refusal = why;
          return false;
        }
      });
      const [first] = usable;
      if (first === undefined) {
        const why =
          refusal instanceof Error
            ? refusal
            : new DeliveryError('unreachable', `The name ${hostname} has no address.`);
        return callback(why, []);
      }
      if (options.all) callback(null, usable);
      else callback(null, first.address, first.family);
    });
  };
}

/** A host that is an address is never looked up, so it is asked for before. @throws DeliveryError */
export function askForAddress(host: string, mayConnect: MayConnect): void {
  const bare = host.replace(/^\[|\]$/g, '');
  if (isIP(bare) !== 0) mayConnect(bare, bare);
}
