/** What is not calculated of shapes; the message says of which. */
export class BeyondGeometry extends Error {}

/** Shapes that reach over half of the Earth do not fit on one plane. */
export class TooLarge extends BeyondGeometry {
  constructor() {
    super('of shapes that reach over half of the Earth');
  }
}

/** Shapes with corners so close to edges that the clipping library loses its way round them. */
export class Unresolved extends BeyondGeometry {
  constructor(options?: ErrorOptions) {
    super('of shapes that all but touch or cross themselves', options);
  }
}

export class TooMuchWork extends BeyondGeometry {
  constructor() {
    super('of shapes with so many corners or crossings');
  }
}

/** About a microsecond each. */
const COSTS = { pair: 1, edge: 20, clipped: 35, crossing: 170 } as const;
/** So that one calculation ends within two seconds. */
const MOST = 2_000_000;

/** What one calculation may still do. */
export class Budget {
  #left = MOST;

  /** @throws TooMuchWork */
  spend(kind: keyof typeof COSTS, count: number): void {
    this.#left -= COSTS[kind] * count;
    if (this.#left < 0) throw new TooMuchWork();
  }
}
