/** Addresses and packages that one minute can tell apart. */
const MOST_COUNTED = 50_000;

/** How many reports of installers are taken: a minute's worth from one address and from one package. Pure; bounded, since a whole fleet may fail at once. */
export class ReportBudget {
  readonly #limits: { readonly perAddress: number; readonly perPackage: number };
  #minute = 0;
  readonly #counts = new Map<string, number>();

  constructor(limits: { readonly perAddress: number; readonly perPackage: number }) {
    this.#limits = limits;
  }

  /** Seconds to wait; 0: it is taken. */
  take(address: string, packageId: string, nowMs: number): number {
    const minute = Math.floor(nowMs / 60_000);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#counts.clear();
    }
    const [ofAddress, ofPackage] = [`a ${address}`, `p ${packageId}`];
    const full =
      this.#counts.size >= MOST_COUNTED ||
      (this.#counts.get(ofAddress) ?? 0) >= this.#limits.perAddress ||
      (this.#counts.get(ofPackage) ?? 0) >= this.#limits.perPackage;
    if (full) return 60 - Math.floor((nowMs % 60_000) / 1000);
    for (const key of [ofAddress, ofPackage]) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    return 0;
  }
}
