/**
 * Connections of those who have not yet shown who they are, bounded by address: somebody who opens many and says nothing, or says it byte by
 * byte, displaces his own older ones and nobody else's. A connection on which a device, program or person was admitted counts no more.
 */
import type { Socket } from 'node:net';

export interface StrangerLimits {
  /** For one address. Whole offices are behind one, but their devices and people are admitted within a moment. */
  readonly perAddress: number;
  readonly total: number;
}

type Named = Pick<Socket, 'remoteAddress' | 'remotePort'>;

export class StrangerConnections {
  readonly #limits: StrangerLimits;
  readonly #displaced: () => void;
  /** Address -> its connections by port, oldest first. */
  readonly #addresses = new Map<string, Map<number, Pick<Socket, 'destroy'>>>();
  #total = 0;

  constructor(limits: StrangerLimits, displaced: () => void) {
    this.#limits = limits;
    this.#displaced = displaced;
  }

  get size(): number {
    return this.#total;
  }

  opened(socket: Named & Pick<Socket, 'destroy' | 'once'>): void {
    const { remotePort } = socket;
    if (remotePort === undefined) return;
    const address = networkOf(socket.remoteAddress ?? '');
    const own = this.#addresses.get(address) ?? new Map<number, Pick<Socket, 'destroy'>>();
    this.#addresses.set(address, own);
    own.set(remotePort, socket);
    this.#total += 1;
    socket.once('close', () => this.#forget(address, remotePort, socket));
    if (own.size > this.#limits.perAddress) this.#displace(address);
    else if (this.#total > this.#limits.total) this.#displace(this.#busiest());
  }

  /** Whoever is at the other end was admitted. */
  admitted(socket: Named): void {
    if (socket.remotePort !== undefined)
      this.#forget(networkOf(socket.remoteAddress ?? ''), socket.remotePort, null);
  }

  #displace(address: string): void {
    const [oldest] = this.#addresses.get(address) ?? [];
    if (!oldest) return;
    const [port, socket] = oldest;
    this.#forget(address, port, socket);
    this.#displaced();
    socket.destroy();
  }

  /** @param socket null: whichever is there */
  #forget(address: string, port: number, socket: Pick<Socket, 'destroy'> | null): void {
    const own = this.#addresses.get(address);
    const known = own?.get(port);
    if (!own || !known || (socket !== null && known !== socket)) return;
    own.delete(port);
    this.#total -= 1;
    if (own.size === 0) this.#addresses.delete(address);
  }

  #busiest(): string {
    let busiest = '';
    let most = 0;
    for (const [address, own] of this.#addresses) {
      if (own.size <= most) continue;
      busiest = address;
      most = own.size;
    }
    return busiest;
  }
}

/** An IPv6 customer has a /64 at least: its addresses count as one. */
export function networkOf(remote: string): string {
  const address = remote.replace(/^::ffff:(?=\d+\.)/, '');
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const last = tail === '' ? [] : tail.split(':');
    while (groups.length + last.length < 8) groups.push('0');
    groups.push(...last);
  }
  return groups.slice(0, 4).join(':');
}
