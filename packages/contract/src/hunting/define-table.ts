import type { HuntingColumn, HuntingTable, KustoType } from '../hunting.ts';
import { columnDictionary } from './columns.ts';

/** Names separated by white space. */
export function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** Column renames of December 2019 that every table of that time shares. */
export const renamesOf2019 = {
  EventTime: 'Timestamp',
  MachineId: 'DeviceId',
  ComputerName: 'DeviceName',
} as const;

type Spec = Pick<HuntingTable, 'name' | 'description' | 'category'> &
  Partial<Omit<HuntingTable, 'columns'>> & {
    /** Column names in order; `Name:type` where the table's type is not the dictionary's. */
    readonly columns: string;
  };

const dictionary: Readonly<Record<string, readonly [KustoType, string]>> = columnDictionary;

function column(word: string): HuntingColumn {
  const [name = '', ownType] = word.split(':');
  const entry = dictionary[name];
  if (!entry) throw new Error(`Column ${name} is not in the column dictionary.`);
  return { name, type: (ownType as KustoType | undefined) ?? entry[0], description: entry[1] };
}

export function defineTable(spec: Spec): HuntingTable {
  return {
    status: 'ga',
    surface: 'endpoint',
    nearRealTime: false,
    legacyNames: [],
    supersedes: [],
    columnRenames: {},
    columnMerges: {},
    ...spec,
    columns: words(spec.columns).map(column),
  };
}
