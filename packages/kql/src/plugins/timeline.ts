/** The bins of an analysis: all of one length from its start, or those of the calendar. Times are ticks since 0001-01-01, or plain numbers. */

export type Step = bigint | 'week' | 'month' | 'year';

const ticksPerDay = 864_000_000_000n;
const unixEpochTicks = 621_355_968_000_000_000n;

export interface Timeline {
  readonly start: bigint;
  readonly end: bigint;
  readonly step: Step;
}

/** The start of the bin that a time falls into. */
export function binOf(time: bigint, { start, step }: Pick<Timeline, 'start' | 'step'>): bigint {
  if (typeof step === 'bigint') return start + floorDivide(time - start, step) * step;
  return startOf(time, step);
}

/** The starts of all bins between start and end. */
export function binsOf(timeline: Timeline, maxBins: number): bigint[] {
  const bins: bigint[] = [];
  for (let bin = binOf(timeline.start, timeline); bin <= timeline.end; bin = nextBin(bin, timeline.step)) {
    if (bins.length >= maxBins) throw new RangeError(`more than ${maxBins} bins`);
    bins.push(bin);
  }
  return bins;
}

export function nextBin(bin: bigint, step: Step): bigint {
  if (typeof step === 'bigint') return bin + step;
  const date = dateOf(bin);
  switch (step) {
    case 'week':
      return bin + 7n * ticksPerDay;
    case 'month':
      return ticksOf(date.getUTCFullYear(), date.getUTCMonth() + 1);
    case 'year':
      return ticksOf(date.getUTCFullYear() + 1, 0);
  }
}

function startOf(time: bigint, step: 'week' | 'month' | 'year'): bigint {
  const date = dateOf(time);
  switch (step) {
    case 'week':
      // Weeks begin on Sunday.
      return floorDivide(time, ticksPerDay) * ticksPerDay - BigInt(date.getUTCDay()) * ticksPerDay;
    case 'month':
      return ticksOf(date.getUTCFullYear(), date.getUTCMonth());
    case 'year':
      return ticksOf(date.getUTCFullYear(), 0);
  }
}

function dateOf(ticks: bigint): Date {
  return new Date(Number(floorDivide(ticks - unixEpochTicks, 10_000n)));
}

function ticksOf(year: number, month: number): bigint {
  return BigInt(Date.UTC(year, month, 1)) * 10_000n + unixEpochTicks;
}

export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}
