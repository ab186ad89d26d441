import type { HuntingTable } from '../hunting.ts';
import { alertTables } from './alert-tables.ts';
import { deviceTables } from './device-tables.ts';
import { identityTables } from './identity-tables.ts';
import { vulnerabilityTables } from './vulnerability-tables.ts';

export const huntingTables: readonly HuntingTable[] = [
  ...deviceTables,
  ...vulnerabilityTables,
  ...alertTables,
  ...identityTables,
];

const byName = new Map(huntingTables.map((table) => [table.name, table]));

const presentNames = new Map(
  huntingTables.flatMap((table) => table.legacyNames.map((legacy) => [legacy, table.name] as const)),
);

/** Present name of a table: the name itself when it is present, the successor of a former name, undefined for a name that is neither. Case counts, as in KQL. */
export function resolveHuntingTableName(name: string): string | undefined {
  return byName.has(name) ? name : presentNames.get(name);
}

/** The table of that present or former name. Case counts, as in KQL. */
export function huntingTable(name: string): HuntingTable | undefined {
  return byName.get(resolveHuntingTableName(name) ?? '');
}
