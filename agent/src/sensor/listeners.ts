/** Who listens on which port of which network namespace: the kernel accepts a connection in no process's name. Pure. */
import type { ProcessRecord } from './process-table.ts';

const MAX_LISTENERS = 65_536;
const ANY = ['0.0.0.0', '::'];

export class Listeners {
  #owners = new Map<string, ProcessRecord>();

  add(netns: number, ip: string, port: number, owner: ProcessRecord): void {
    if (this.#owners.size >= MAX_LISTENERS) {
      const [oldest] = this.#owners.keys();
      if (oldest !== undefined) this.#owners.delete(oldest);
    }
    this.#owners.set(`${netns} ${port} ${ip}`, owner);
  }

  remove(netns: number, ip: string, port: number): void {
    this.#owners.delete(`${netns} ${port} ${ip}`);
  }

  /** Owner of the listener a connection to that address came to. */
  ownerOf(netns: number, ip: string, port: number): ProcessRecord | null {
    for (const address of [ip, ...ANY]) {
      const owner = this.#owners.get(`${netns} ${port} ${address}`);
      if (owner !== undefined) return owner;
    }
    return null;
  }
}
