/** Which table and systems a rule is about, and where each of its fields is. */
import { type HuntingTable, huntingTable } from '@merlon/contract';
import { categories, type FieldSource, type Os, systems, type TableMapping } from './field-map.ts';
import type { SigmaRule } from './rule.ts';
import { SigmaError, type SigmaErrorPlace } from './sigma-error.ts';

export interface LogSourceTarget {
  readonly table: HuntingTable;
  readonly actions: readonly string[] | null;
  readonly systems: readonly Os[];
  /** @throws SigmaError for a field that has no place in the table. */
  source(field: string, os: Os, place: SigmaErrorPlace): FieldSource;
}

const EXTRA_PREFIX = 'AdditionalFields.';

/** @throws SigmaError */
export function resolveLogSource(rule: SigmaRule): LogSourceTarget {
  const { category, product, service } = rule.logSource;
  const refuse = (key: string, problem: string) =>
    new SigmaError('unsupported', problem, {
      file: rule.file,
      path: `logsource${key === '' ? '' : `.${key}`}`,
      line: null,
      column: null,
    });
  if (service !== null) {
    throw refuse(
      'service',
      `events of the service "${service}" are not in the hunting tables; name a category`,
    );
  }
  if (category === null) throw refuse('', 'a category is needed: it says which hunting table to read');
  const mapping = mappingOf(category);
  const table = mapping && huntingTable(mapping.table);
  if (!mapping || !table)
    throw refuse('category', `there is no hunting table for the category "${category}"`);
  const targeted = product === null ? systems : systems.filter((os) => os === product);
  if (targeted.length === 0)
    throw refuse('product', `the product "${product}" is not one that reports events`);
  return {
    table,
    actions: mapping.actions,
    systems: targeted,
    source(field, os, place) {
      const known =
        (os === 'windows' ? undefined : own(mapping.unixFields, field)) ?? own(mapping.fields, field);
      if (known) return known;
      if (table.columns.some((c) => c.name === field)) return { column: field };
      if (field.startsWith(EXTRA_PREFIX) && table.columns.some((c) => c.name === 'AdditionalFields')) {
        return { extra: [field.slice(EXTRA_PREFIX.length)] };
      }
      throw new SigmaError('unsupported', `the field "${field}" has no place in ${table.name}`, place);
    },
  };
}

function mappingOf(category: string): TableMapping | undefined {
  const known = own(categories, category.toLowerCase());
  if (known) return known;
  const table = huntingTable(category);
  const isDeviceTable =
    table?.columns.some((c) => c.name === 'DeviceId') && table.columns.some((c) => c.name === 'Timestamp');
  return table && isDeviceTable ? { table: table.name, actions: null, fields: {} } : undefined;
}

/** A field may be named like something every object has. */
function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, key) ? record[key] : undefined;
}

/** `Linux`, `Windows11`, `macOS`, as devices report their platform; null for one that no rule is about. */
export function osOfPlatform(osPlatform: string): Os | null {
  const name = osPlatform.toLowerCase();
  if (name.startsWith('windows')) return 'windows';
  if (name.startsWith('linux')) return 'linux';
  return name.startsWith('mac') ? 'macos' : null;
}
