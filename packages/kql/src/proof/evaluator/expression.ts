import { literal, type Row, type Scalar, type ScalarType } from './value.ts';

/** A scalar expression: its text, and what it gives for a row. Written from the reference's words, and to be read rather than to be fast. */
export interface Expression {
  readonly type: ScalarType;
  readonly kql: string;
  readonly of: (row: Row) => Scalar;
}

const make = (type: ScalarType, kql: string, of: (row: Row) => Scalar): Expression => ({ type, kql, of });

export function column(name: string, type: ScalarType): Expression {
  return make(type, name, (row) => row[name] ?? (type === 'string' ? '' : null));
}

export function constant(value: Scalar, type: ScalarType): Expression {
  return make(type, literal(value, type), () => value);
}

/** Null stays null: the rule for every operator but equality. */
function strict(
  type: ScalarType,
  kql: string,
  args: readonly Expression[],
  of: (...values: never[]) => Scalar,
): Expression {
  return make(type, kql, (row) => {
    const values = args.map((arg) => arg.of(row));
    return values.includes(null) ? null : (of as (...values: Scalar[]) => Scalar)(...values);
  });
}

export function equal(a: Expression, b: Expression): Expression {
  return make('bool', `(${a.kql} == ${b.kql})`, (row) => areEqual(a.of(row), b.of(row)));
}

export function unequal(a: Expression, b: Expression): Expression {
  return make('bool', `(${a.kql} != ${b.kql})`, (row) => negated(areEqual(a.of(row), b.of(row))));
}

/** Two nulls: null. One: not equal. */
function areEqual(a: Scalar, b: Scalar): boolean | null {
  if (a === null && b === null) return null;
  return a !== null && b !== null && a === b;
}

function negated(value: boolean | null): boolean | null {
  return value === null ? null : !value;
}

const orders = {
  '<': (a: number | bigint, b: number | bigint) => a < b,
  '<=': (a: number | bigint, b: number | bigint) => a <= b,
  '>': (a: number | bigint, b: number | bigint) => a > b,
  '>=': (a: number | bigint, b: number | bigint) => a >= b,
} as const;

export const orderOperators = Object.keys(orders) as (keyof typeof orders)[];

export function ordered(operator: keyof typeof orders, a: Expression, b: Expression): Expression {
  return strict('bool', `(${a.kql} ${operator} ${b.kql})`, [a, b], orders[operator]);
}

export function between(a: Expression, low: Expression, high: Expression, not: boolean): Expression {
  return strict(
    'bool',
    `(${a.kql} ${not ? '!' : ''}between (${low.kql} .. ${high.kql}))`,
    [a, low, high],
    (x: bigint, l: bigint, h: bigint) => (x >= l && x <= h) !== not,
  );
}

/** A condition: used only where null and false mean the same. */
export function both(a: Expression, b: Expression): Expression {
  return make('bool', `(${a.kql} and ${b.kql})`, (row) => a.of(row) === true && b.of(row) === true);
}

export function either(a: Expression, b: Expression): Expression {
  return make('bool', `(${a.kql} or ${b.kql})`, (row) => a.of(row) === true || b.of(row) === true);
}

export function not(a: Expression): Expression {
  return strict('bool', `not(${a.kql})`, [a], (value: boolean) => !value);
}

export function isNull(a: Expression): Expression {
  return make('bool', `isnull(${a.kql})`, (row) => a.of(row) === null);
}

export function isEmpty(a: Expression): Expression {
  return make('bool', `isempty(${a.kql})`, (row) => a.of(row) === '' || a.of(row) === null);
}

/** One of the values; the values are not null. */
export function isIn(a: Expression, values: readonly Scalar[], type: ScalarType, not: boolean): Expression {
  const list = values.map((value) => literal(value, type)).join(', ');
  return make(
    'bool',
    `(${a.kql} ${not ? '!in' : 'in'} (${list}))`,
    (row) => values.includes(a.of(row)) !== not,
  );
}

export function isInFold(a: Expression, values: readonly string[]): Expression {
  const folded = values.map((value) => value.toLowerCase());
  const list = values.map((value) => literal(value, 'string')).join(', ');
  return make('bool', `(${a.kql} in~ (${list}))`, (row) => folded.includes(String(a.of(row)).toLowerCase()));
}

/** Letters and digits; what stands between them ends a term. */
function isTermCharacter(text: string): boolean {
  return /^[\p{L}\p{N}]$/u.test(text);
}

/** The needle stands in the text where no letter or digit goes on at its ends. */
function hasTerm(text: string, needle: string): boolean {
  for (let at = text.indexOf(needle); at !== -1; at = text.indexOf(needle, at + 1)) {
    const before = text[at - 1] ?? ' ';
    const after = text[at + needle.length] ?? ' ';
    const startsFree = !isTermCharacter(needle[0] ?? ' ') || !isTermCharacter(before);
    const endsFree = !isTermCharacter(needle.at(-1) ?? ' ') || !isTermCharacter(after);
    if (startsFree && endsFree) return true;
  }
  return false;
}

const textTests = {
  '=~': (text: string, needle: string) => text === needle,
  contains: (text: string, needle: string) => text.includes(needle),
  startswith: (text: string, needle: string) => text.startsWith(needle),
  endswith: (text: string, needle: string) => text.endsWith(needle),
  has: hasTerm,
} as const;

export const textOperators = Object.keys(textTests) as (keyof typeof textTests)[];

/** `cased`: the `_cs` form. The needle is a constant that is not empty. */
export function textTest(
  operator: keyof typeof textTests,
  a: Expression,
  needle: string,
  form: { readonly not: boolean; readonly cased: boolean },
): Expression {
  const isEquality = operator === '=~';
  const word = isEquality
    ? form.not
      ? '!~'
      : '=~'
    : `${form.not ? '!' : ''}${operator}${form.cased ? '_cs' : ''}`;
  const fold = (text: string) => (form.cased && !isEquality ? text : text.toLowerCase());
  return make(
    'bool',
    `(${a.kql} ${word} ${literal(needle, 'string')})`,
    (row) => textTests[operator](fold(String(a.of(row))), fold(needle)) !== form.not,
  );
}

export function hasAny(a: Expression, needles: readonly string[], quantifier: 'any' | 'all'): Expression {
  const list = needles.map((needle) => literal(needle, 'string')).join(', ');
  return make('bool', `(${a.kql} has_${quantifier} (${list}))`, (row) => {
    const found = needles.map((needle) => hasTerm(String(a.of(row)).toLowerCase(), needle.toLowerCase()));
    return quantifier === 'any' ? found.includes(true) : !found.includes(false);
  });
}

const arithmetic = {
  '+': (a: bigint, b: bigint) => a + b,
  '-': (a: bigint, b: bigint) => a - b,
  '*': (a: bigint, b: bigint) => a * b,
} as const;

export const arithmeticOperators = Object.keys(arithmetic) as (keyof typeof arithmetic)[];

export function integers(operator: keyof typeof arithmetic, a: Expression, b: Expression): Expression {
  return strict('long', `(${a.kql} ${operator} ${b.kql})`, [a, b], arithmetic[operator]);
}

/** Cut off towards zero; by zero: null. */
export function quotient(a: Expression, b: Expression): Expression {
  return strict('long', `(${a.kql} / ${b.kql})`, [a, b], (x: bigint, y: bigint) => (y === 0n ? null : x / y));
}

/** Never negative for a positive divisor. */
export function remainder(a: Expression, divisor: bigint): Expression {
  return strict('long', `(${a.kql} % ${divisor})`, [a], (x: bigint) => ((x % divisor) + divisor) % divisor);
}

export function reals(operator: '+' | '*', a: Expression, b: Expression): Expression {
  return strict(
    'real',
    `(${a.kql} ${operator} ${b.kql})`,
    [a, b],
    (x: number | bigint, y: number | bigint) =>
      operator === '+' ? Number(x) + Number(y) : Number(x) * Number(y),
  );
}

/** The nearest multiple of the size that is not above. */
export function bin(a: Expression, size: bigint, sizeText: string): Expression {
  return strict(a.type, `bin(${a.kql}, ${sizeText})`, [a], (x: bigint) => x - (((x % size) + size) % size));
}

export function choice(condition: Expression, then: Expression, otherwise: Expression): Expression {
  return make(then.type, `iff(${condition.kql}, ${then.kql}, ${otherwise.kql})`, (row) =>
    condition.of(row) === true ? then.of(row) : otherwise.of(row),
  );
}

export function coalesce(a: Expression, b: Expression): Expression {
  return make(a.type, `coalesce(${a.kql}, ${b.kql})`, (row) => {
    const first = a.of(row);
    return first === null || first === '' ? b.of(row) : first;
  });
}

export function textFunction(name: 'tolower' | 'toupper' | 'strlen' | 'trim', a: Expression): Expression {
  switch (name) {
    case 'tolower':
      return make('string', `tolower(${a.kql})`, (row) => String(a.of(row)).toLowerCase());
    case 'toupper':
      return make('string', `toupper(${a.kql})`, (row) => String(a.of(row)).toUpperCase());
    case 'strlen':
      return make('long', `strlen(${a.kql})`, (row) => BigInt([...String(a.of(row))].length));
    case 'trim':
      return make('string', `trim(" ", ${a.kql})`, (row) => String(a.of(row)).replace(/^ +| +$/g, ''));
  }
}

export function concatenated(parts: readonly Expression[]): Expression {
  return make('string', `strcat(${parts.map((part) => part.kql).join(', ')})`, (row) =>
    parts.map((part) => textOf(part.of(row))).join(''),
  );
}

/** Null has no text. */
export function textOf(value: Scalar): string {
  if (value === null) return '';
  if (typeof value === 'object') return JSON.stringify(value);
  return String(value);
}

export function toText(a: Expression): Expression {
  return make('string', `tostring(${a.kql})`, (row) => textOf(a.of(row)));
}

export function toLong(a: Expression): Expression {
  return make('long', `tolong(${a.kql})`, (row) => {
    const text = String(a.of(row)).trim();
    return /^[+-]?\d{1,18}$/.test(text) ? BigInt(text) : null;
  });
}

export function substring(a: Expression, start: number, length: number): Expression {
  return make('string', `substring(${a.kql}, ${start}, ${length})`, (row) =>
    [...String(a.of(row))].slice(start, start + length).join(''),
  );
}

export function replaced(a: Expression, what: string, by: string): Expression {
  return make(
    'string',
    `replace_string(${a.kql}, ${literal(what, 'string')}, ${literal(by, 'string')})`,
    (row) => String(a.of(row)).replaceAll(what, by),
  );
}

/** A field of a bag: null of anything else. */
export function field(a: Expression, name: string): Expression {
  return make('dynamic', `${a.kql}.${name}`, (row) => {
    const value = a.of(row);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? ((value as { [key: string]: Scalar })[name] ?? null)
      : null;
  });
}

/** An element of an array, from its end when negative. */
export function element(a: Expression, index: number): Expression {
  return make('dynamic', `${a.kql}[${index}]`, (row) => {
    const value = a.of(row);
    return Array.isArray(value) ? ((value.at(index) as Scalar | undefined) ?? null) : null;
  });
}

export function arrayLength(a: Expression): Expression {
  return make('long', `array_length(${a.kql})`, (row) => {
    const value = a.of(row);
    return Array.isArray(value) ? BigInt(value.length) : null;
  });
}
