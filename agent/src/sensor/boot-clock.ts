/**
 * Kernel events are stamped in nanoseconds since boot; rows carry UTC. Nanosecond counts are JavaScript numbers: past 104 days of uptime
 * they lose the last bits of the nanosecond, far below the 100 ns of the wire, and the same kernel value always gives the same number.
 */
const TICKS_PER_SECOND = 10_000_000;

/**
 * Turns nanoseconds since boot into ISO text with seven digits. Several texts are made for each event, most within the same second: the
 * seconds' text is kept, and no big integers are used.
 */
export class BootTime {
  #seconds: number;
  #ticks: number;
  #cachedSecond = Number.NaN;
  #cachedText = '';

  /** `offsetTicks` is UTC minus boot time, in 100 ns ticks from the Unix epoch. */
  constructor(offsetTicks: bigint) {
    const ticks = ((offsetTicks % 10_000_000n) + 10_000_000n) % 10_000_000n;
    this.#ticks = Number(ticks);
    this.#seconds = Number((offsetTicks - ticks) / 10_000_000n);
  }

  iso(bootNs: number): string {
    const sinceBoot = Math.floor(bootNs / 100);
    const bootSecond = Math.floor(sinceBoot / TICKS_PER_SECOND);
    const ticks = sinceBoot - bootSecond * TICKS_PER_SECOND + this.#ticks;
    const over = ticks >= TICKS_PER_SECOND ? 1 : 0;
    const second = this.#seconds + bootSecond + over;
    if (second !== this.#cachedSecond) {
      this.#cachedText = new Date(second * 1000).toISOString().slice(0, 20);
      this.#cachedSecond = second;
    }
    return `${this.#cachedText}${String(ticks - over * TICKS_PER_SECOND).padStart(7, '0')}Z`;
  }
}

/** Reads both clocks, the second between two readings of the first; nanoseconds. */
export interface ClockReadings {
  bootNs(): bigint;
  realtimeNs(): bigint;
}

/** UTC minus boot time in ticks: of several sandwiched readings, the tightest. */
export function calibrate(clock: ClockReadings, attempts = 7): bigint {
  let best = 0n;
  let tightest: bigint | null = null;
  for (let i = 0; i < attempts; i++) {
    const before = clock.bootNs();
    const now = clock.realtimeNs();
    const width = clock.bootNs() - before;
    if (tightest === null || width < tightest) {
      tightest = width;
      best = now - (before + width / 2n);
    }
  }
  return best / 100n;
}

export interface RememberedOffset {
  bootId: string;
  offsetTicks: string;
}

/** Steps smaller than this are slewing or measuring noise: process creation times keep the boot's first offset, so that they join across restarts. */
const STEP_TICKS = 500_000n; // 50 ms

/** The offset to use for process creation times: the remembered one of this boot while the clock was not stepped since. */
export function creationOffset(
  measured: bigint,
  bootId: string,
  remembered: RememberedOffset | null,
): bigint {
  if (remembered === null || remembered.bootId !== bootId || !/^-?\d{1,20}$/.test(remembered.offsetTicks))
    return measured;
  const old = BigInt(remembered.offsetTicks);
  const step = measured - old;
  return step < STEP_TICKS && step > -STEP_TICKS ? old : measured;
}
