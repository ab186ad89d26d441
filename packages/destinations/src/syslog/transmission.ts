/**
 * One connection that carries one delivery. Syslog has no acknowledgement, and a write that succeeded is only in this machine's buffers. So the sender
 * ends its side, and waits for the receiver to end the other: a receiver that reads to the end and then closes has read everything; one that
 * breaks off resets the connection, which is an error here.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { connectionFault } from '../connection-fault.ts';
import { DeliveryError, type DestinationContext } from '../destination.ts';
import { askForAddress, guardedLookup } from '../guarded-lookup.ts';
import { type TlsSettings, tlsOptions } from '../tls-settings.ts';

export interface Receiver extends TlsSettings {
  readonly host: string;
  readonly port: number;
  readonly transport: 'tls' | 'tcp';
}

/** Longest silence of a receiver while we connect, write or wait for the end. */
const PATIENCE_MS = 30_000;
/**
 * A receiver that does not want us (no client certificate, a wrong one) may say so by no more than hanging up, right after the handshake. Had we ended our
 * side by then, that would look like the end of one that read everything; so our end is not said sooner than this.
 */
const TURNED_AWAY_WITHIN_MS = 250;

/**
 * @param waitForEnd false: what the system has taken counts
 * @throws DeliveryError `unreachable`, `credentials`, or the signal's reason
 */
export async function transmit(
  receiver: Receiver,
  chunks: Iterable<Buffer>,
  waitForEnd: boolean,
  context: DestinationContext,
  signal: AbortSignal,
): Promise<void> {
  const shown = `${receiver.host}:${receiver.port}`;
  signal.throwIfAborted();
  askForAddress(receiver.host, context.mayConnect);
  const socket = open(receiver, context);
  const stop = () => socket.destroy();
  signal.addEventListener('abort', stop, { once: true });
  // Without a listener an error between two waits would end the process; `failed` tells it to whoever waits.
  let failure: unknown = null;
  socket.on('error', (error) => {
    failure ??= error;
  });
  socket.setTimeout(PATIENCE_MS, () =>
    socket.destroy(
      new DeliveryError('unreachable', `${shown} was silent for ${PATIENCE_MS / 1_000} seconds.`),
    ),
  );
  let ended = false;
  socket.on('end', () => {
    ended = true;
    if (!socket.writableEnded)
      socket.destroy(new DeliveryError('unreachable', `${shown} closed the connection before the end.`));
  });
  socket.resume();
  const closed = once(socket, 'close').catch(() => undefined);
  /** Ends early when the socket does. */
  const until = async (event: string) => {
    await Promise.race([once(socket, event).catch(() => undefined), closed]);
    if (failure !== null) throw failure;
    if (socket.destroyed) throw new DeliveryError('unreachable', `${shown} broke the connection off.`);
  };
  try {
    await until(receiver.transport === 'tls' ? 'secureConnect' : 'connect');
    const wanted = receiver.transport === 'tls' && waitForEnd ? delay(TURNED_AWAY_WITHIN_MS) : null;
    for (const chunk of chunks) {
      if (failure !== null) throw failure;
      if (!socket.write(chunk)) await until('drain');
    }
    if (wanted !== null) await Promise.race([wanted, closed]);
    if (failure !== null) throw failure;
    socket.end();
    if (!socket.writableFinished) await Promise.race([once(socket, 'finish').catch(() => undefined), closed]);
    if (failure !== null) throw failure;
    if (!waitForEnd) return;
    await closed;
    if (failure !== null) throw failure;
    if (!ended) throw new DeliveryError('unreachable', `${shown} broke the connection off.`);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw connectionFault(error, shown);
  } finally {
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}

function open(receiver: Receiver, context: DestinationContext): Socket {
  const target = {
    host: receiver.host,
    port: receiver.port,
    lookup: guardedLookup(context.mayConnect),
    allowHalfOpen: true,
  };
  if (receiver.transport === 'tcp') return connect(target);
  return connectTls({
    ...target,
    ...tlsOptions(receiver),
    servername: nameOf(receiver.host),
    minVersion: 'TLSv1.2',
  });
}

/** TLS names no addresses. */
const nameOf = (host: string): string => (/^[\d.]+$|:/.test(host) ? '' : host);
