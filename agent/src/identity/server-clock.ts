/**
 * The server's time, as well as this device can know it. The device's own clock is used until the server says that it is off (`ClockSkew`);
 * from then on the difference, taken from that answer's `Date` header over the pinned connection, is added.
 */
export class ServerClock {
  readonly #deviceNow: () => number;
  #offsetMs = 0;

  constructor(deviceNow: () => number = Date.now) {
    this.#deviceNow = deviceNow;
  }

  get offsetMs(): number {
    return this.#offsetMs;
  }

  now(): Date {
    return new Date(this.#deviceNow() + this.#offsetMs);
  }

  /** False: the header is no date, and nothing changed. */
  correct(dateHeader: string | undefined): boolean {
    const serverMs = Date.parse(dateHeader ?? '');
    if (Number.isNaN(serverMs)) return false;
    this.#offsetMs = serverMs - this.#deviceNow();
    return true;
  }
}
