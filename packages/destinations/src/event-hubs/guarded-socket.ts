/** Sockets to a namespace, by address only where the operator lets them. */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { DestinationContext } from '../destination.ts';
import { askForAddress, guardedLookup } from '../guarded-lookup.ts';

export interface SocketOptions {
  readonly secure: boolean;
  readonly ca: string | undefined;
  readonly context: DestinationContext;
}

/** @throws DeliveryError when the host is an address that may not be connected to */
export function guardedSocket(
  host: string,
  port: number,
  options: SocketOptions,
  opened: () => void,
): Socket {
  const { mayConnect } = options.context;
  askForAddress(host, mayConnect);
  const lookup = guardedLookup(mayConnect);
  if (!options.secure) return connectPlain({ host, port, lookup }, opened);
  return connectTls(
    {
      host,
      port,
      lookup,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    },
    opened,
  );
}
