/** What can be streamed, by the names it goes by: `DeviceProcessEvents`, and `AdvancedHunting-DeviceProcessEvents` in settings and records (streaming.md, sections 2, 3, 5). */
import { huntingTable, huntingTables } from '@merlon/contract';

const PREFIX = 'AdvancedHunting-';
/** Inventory and exposure are states and not events: the original has export calls for them and streams none. */
const NOT_EVENTS = new Set(['tvm', 'exposure']);

/** Every hunting table whose rows are events. */
export const streamableTables: readonly string[] = huntingTables
  .filter(
    ({ category, status, columns }) =>
      !NOT_EVENTS.has(category) && status !== 'legacy' && columns.some(({ name }) => name === 'Timestamp'),
  )
  .map(({ name }) => name);

const streamable: ReadonlySet<string> = new Set(streamableTables);

export const categoryOf = (table: string): string => PREFIX + table;

/** The table that a category means, in either spelling; undefined for none that can be streamed. */
export function tableOfCategory(category: string): string | undefined {
  const name = category.startsWith(PREFIX) ? category.slice(PREFIX.length) : category;
  return streamable.has(name) && huntingTable(name)?.name === name ? name : undefined;
}
