import type { HuntingTable } from '@merlon/contract';
import type { QueryScope } from '../translation.ts';
import { type Fragment, identifier, integer, named, sql } from './fragment.ts';

/** What limits the rows of every table, beneath whatever a query does. */
export interface RowLimits {
  readonly scope: QueryScope;
  readonly database: string;
  /** Ticks since 1970: older rows are not seen. */
  readonly oldest: bigint;
  /** Ticks since 1970: newer rows are not seen. */
  readonly newest?: bigint;
}

const uuidShape = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function checkScope(scope: QueryScope): void {
  if (!uuidShape.test(scope.tenantId)) throw new TypeError('the tenant of a query scope is not a UUID');
}

/** The conditions on the rows of a table that everything else stands on. */
export function rowConditions(table: HuntingTable, limits: RowLimits): Fragment[] {
  const conditions = [ofTenant(limits.scope)];
  if (hasColumn(table, 'Timestamp')) {
    conditions.push(sql`(\`Timestamp\` >= ${instant(limits.oldest)})`);
    if (limits.newest !== undefined) conditions.push(sql`(\`Timestamp\` <= ${instant(limits.newest)})`);
  }
  const devices = deviceCondition(table, limits);
  if (devices !== undefined) conditions.push(devices);
  return conditions;
}

function instant(ticks: bigint): Fragment {
  return sql`reinterpret(toInt64(${integer(ticks)}), 'DateTime64(7,\\'UTC\\')')`;
}

function ofTenant(scope: QueryScope): Fragment {
  return sql`(\`TenantId\` = ${named('tenant', 'UUID', scope.tenantId.toLowerCase())})`;
}

/**
 * The rows of devices that the caller may see. A table about alerts rather than devices shows those whose evidence is on such a device; a table about
 * neither (a knowledge base, identities) is the tenant's.
 */
function deviceCondition(table: HuntingTable, limits: RowLimits): Fragment | undefined {
  if (limits.scope.deviceGroups === 'all') return undefined;
  if (hasColumn(table, 'DeviceId')) return sql`(\`DeviceId\` IN ${devicesInScope(limits)})`;
  if (!hasColumn(table, 'AlertId')) return undefined;
  const evidence = sql`${identifier(limits.database)}.\`AlertEvidence\``;
  return sql`(\`AlertId\` IN (SELECT \`AlertId\` FROM ${evidence} WHERE ${ofTenant(limits.scope)} AND \`DeviceId\` IN ${devicesInScope(limits)}))`;
}

/** The sub-query that lists the devices of the caller's groups: of a device that has moved, the newest entry counts. */
function devicesInScope({ scope, database }: RowLimits): Fragment {
  const groups = named('groups', 'Array(String)', scope.deviceGroups === 'all' ? [] : scope.deviceGroups);
  const entries = sql`SELECT \`DeviceId\` FROM ${identifier(database)}.\`DeviceScope\` WHERE ${ofTenant(scope)}`;
  return sql`(${entries} GROUP BY \`DeviceId\` HAVING argMax(\`DeviceGroup\`, \`Version\`) IN ${groups})`;
}

function hasColumn(table: HuntingTable, name: string): boolean {
  return table.columns.some((column) => column.name === name);
}
