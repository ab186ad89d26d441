/** OData query options as the API takes them. Pure. */

/** A condition in `$filter`, or null for none. */
export type Condition = string | null;

export interface ODataOptions {
  readonly filter?: Condition;
  readonly orderBy?: string | null;
  readonly top?: number;
  readonly skip?: number;
  readonly count?: boolean;
  readonly expand?: string;
}

/** A string literal: quotes inside are doubled. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

export function equal(property: string, value: string): Condition {
  return `${property} eq ${literal(value)}`;
}

/** None when there are no values: no choice is every choice. */
export function oneOf(property: string, values: readonly string[]): Condition {
  return or(...values.map((value) => equal(property, value)));
}

/** None for blank text. */
export function contains(property: string, text: string): Condition {
  const wanted = text.trim();
  return wanted === '' ? null : `contains(${property},${literal(wanted)})`;
}

/** Whether any text of the collection equals one of the values. */
export function anyOf(collection: string, values: readonly string[]): Condition {
  return or(...values.map((value) => `${collection}/any(x: x eq ${literal(value)})`));
}

/** @param moment ISO 8601 time, written bare as the API wants it. */
export function since(property: string, moment: string): Condition {
  return `${property} ge ${moment}`;
}

export function and(...conditions: readonly Condition[]): Condition {
  return joined(conditions, ' and ');
}

export function or(...conditions: readonly Condition[]): Condition {
  return joined(conditions, ' or ');
}

function joined(conditions: readonly Condition[], operator: string): Condition {
  const real = conditions.filter((condition) => condition !== null);
  if (real.length <= 1) return real[0] ?? null;
  return real.map((condition) => `(${condition})`).join(operator);
}

export interface ODataParams {
  $filter?: string;
  $orderby?: string;
  $top?: number;
  $skip?: number;
  $count?: boolean;
  $expand?: string;
}

/** As the client wants them; what is not asked for is left out. */
export function odataParams(options: ODataOptions): ODataParams {
  return {
    ...(options.filter ? { $filter: options.filter } : {}),
    ...(options.orderBy ? { $orderby: options.orderBy } : {}),
    ...(options.top === undefined ? {} : { $top: options.top }),
    ...(options.skip ? { $skip: options.skip } : {}),
    ...(options.count ? { $count: true } : {}),
    ...(options.expand ? { $expand: options.expand } : {}),
  };
}
