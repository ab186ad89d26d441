/** Values as the evaluator holds them. Null of any type but string is null; a string is never null. */
export type Scalar = null | boolean | bigint | number | string | Bag | readonly Scalar[];
export interface Bag {
  readonly [key: string]: Scalar;
}
/** `datetime`: ticks since 0001-01-01 as bigint. `long`: bigint. `dynamic`: JSON, its integers as number. */
export type ScalarType = 'bool' | 'long' | 'real' | 'string' | 'datetime' | 'dynamic';

export type Row = Readonly<Record<string, Scalar>>;
export interface Column {
  readonly name: string;
  readonly type: ScalarType;
}
export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

const unixEpochTicks = 621_355_968_000_000_000n;

export function ticksOf(iso: string): bigint {
  return BigInt(Date.parse(iso)) * 10_000n + unixEpochTicks;
}

function isoOf(ticks: bigint): string {
  const unix = ticks - unixEpochTicks;
  const milliseconds = unix / 10_000n - (unix % 10_000n < 0n ? 1n : 0n);
  const rest = unix - milliseconds * 10_000n;
  const iso = new Date(Number(milliseconds)).toISOString();
  return `${iso.slice(0, -1)}${String(rest).padStart(4, '0')}Z`;
}

/** The value as it leaves the engine: see "What leaves" in the README. */
export function wire(value: Scalar, type: ScalarType): unknown {
  if (value === null) return null;
  if (type === 'datetime' && typeof value === 'bigint') return isoOf(value);
  if (typeof value === 'bigint') return Number(value);
  return value;
}

/** A literal of the value. */
export function literal(value: Scalar, type: ScalarType): string {
  if (type === 'string') return JSON.stringify(value ?? '');
  if (type === 'dynamic') return `dynamic(${JSON.stringify(value)})`;
  if (value === null) return `${type}(null)`;
  if (type === 'datetime' && typeof value === 'bigint') return `datetime(${isoOf(value)})`;
  if (type === 'real') return `real(${String(value)})`;
  return type === 'long' ? `long(${String(value)})` : String(value);
}

/** Text of values that are equal and of no others. */
export function keyOf(value: Scalar): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(keyOf).join(',')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => `${JSON.stringify(key)}:${keyOf(item)}`)
      .join(',')}}`;
  return JSON.stringify(value);
}
