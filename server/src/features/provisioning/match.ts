/** Whether a resource, or one value of an attribute, meets a filter. Pure. */
import type { Filter, Literal, Operator } from './filter.ts';
import type { Attribute, AttributePath } from './schema.ts';

/** A resource, or a part of it, in the names and types of its schema. */
export type Document = { [name: string]: unknown };

export function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function matches(filter: Filter, of: Document): boolean {
  switch (filter.kind) {
    case 'and':
      return matches(filter.left, of) && matches(filter.right, of);
    case 'or':
      return matches(filter.left, of) || matches(filter.right, of);
    case 'not':
      return !matches(filter.of, of);
    case 'present':
      return valuesAt(of, filter.path).some(isPresent);
    case 'some':
      return valuesAt(of, filter.path).some((value) => isDocument(value) && matches(filter.of, value));
    case 'compare': {
      const { path, operator, value } = filter;
      const attribute = path.sub ?? path.attribute;
      const all = valuesAt(of, path);
      if (value === null) return all.some(isPresent) === (operator === 'ne');
      if (operator === 'ne') return !all.some((one) => compare(attribute, one, 'eq', value));
      return all.some((one) => compare(attribute, one, operator, value));
    }
  }
}

/** Every value there is, of an attribute with one or with many. */
export function valuesAt(of: Document, { extension, attribute, sub }: AttributePath): unknown[] {
  const from = extension === null ? of : of[extension];
  if (!isDocument(from)) return [];
  const whole = from[attribute.name];
  const all = Array.isArray(whole) ? whole : whole === undefined ? [] : [whole];
  if (sub === null) return all;
  return all.flatMap((one) => (isDocument(one) && one[sub.name] !== undefined ? [one[sub.name]] : []));
}

/** A value that texts are ordered by: without regard to case where case does not count. */
export function comparable(attribute: Attribute, value: unknown): string | number | null {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string') return null;
  if (attribute.type === 'dateTime') return Date.parse(value);
  return attribute.caseExact ? value : value.toLowerCase();
}

function isPresent(value: unknown): boolean {
  if (isDocument(value)) return Object.values(value).some(isPresent);
  return value !== undefined && value !== null && value !== '';
}

function compare(
  attribute: Attribute,
  actual: unknown,
  operator: Exclude<Operator, 'ne'>,
  wanted: Exclude<Literal, null>,
): boolean {
  const left = comparable(attribute, actual);
  const right = comparable(attribute, wanted);
  if (left === null || right === null) return false;
  switch (operator) {
    case 'eq':
      return left === right;
    case 'co':
      return String(left).includes(String(right));
    case 'sw':
      return String(left).startsWith(String(right));
    case 'ew':
      return String(left).endsWith(String(right));
    case 'gt':
      return left > right;
    case 'ge':
      return left >= right;
    case 'lt':
      return left < right;
    case 'le':
      return left <= right;
  }
}
