/** How a table that belongs to tenants is made. */
import { type CreateTableBuilder, type Kysely, type RawBuilder, sql } from 'kysely';
import { GROUPS_SETTING, ROLES, SETTING } from './roles.ts';

/**
 * Creates a table with `tenant_id uuid not null`, filled by itself with the tenant at work, and the policy that hides every other
 * tenant's rows from reading and refuses them in writing.
 */
export async function tenantTable(
  // biome-ignore lint/suspicious/noExplicitAny: the schema before this migration has no type
  db: Kysely<any>,
  name: string,
  build: (table: CreateTableBuilder<string, 'tenant_id'>) => CreateTableBuilder<string, string>,
): Promise<void> {
  const base = db.schema
    .createTable(name)
    .addColumn('tenant_id', 'uuid', (column) =>
      column.notNull().defaultTo(sql`nullif(current_setting(${sql.lit(SETTING)}, true), '')::uuid`),
    );
  await build(base).execute();
  const table = sql.table(name);
  await sql`alter table ${table} enable row level security`.execute(db);
  await sql`alter table ${table} force row level security`.execute(db);
  await sql`create policy tenant_rows on ${table} to ${sql.id(ROLES.tenant)}
    using (tenant_id = nullif(current_setting(${sql.lit(SETTING)}, true), '')::uuid)
    with check (tenant_id = nullif(current_setting(${sql.lit(SETTING)}, true), '')::uuid)`.execute(db);
  await sql`create policy all_rows on ${table} to ${sql.id(ROLES.system)} using (true) with check (true)`.execute(
    db,
  );
}

/**
 * Which device a row is about: by the column that holds its group, by the one that holds its id, by that of a row it belongs to, in a table that is
 * narrowed itself, or by those of the rows that belong to it, of which one that may be seen is enough. `groups`: it is about all devices of the groups in that
 * column, or of the tenant when there are none.
 */
export type DeviceReference =
  | { readonly group: string }
  | { readonly groups: string }
  | { readonly device: string }
  | { readonly parent: string; readonly key: string }
  | { readonly children: string; readonly key: string; readonly id: string };

/**
 * Narrows a tenant's table further: in a transaction whose scope names device groups, only rows about devices of those are there. The sub-select makes
 * PostgreSQL read the setting once a statement, and lets an index answer the condition.
 */
export async function deviceScope(
  // biome-ignore lint/suspicious/noExplicitAny: the schema before this migration has no type
  db: Kysely<any>,
  name: string,
  reference: DeviceReference,
): Promise<void> {
  await sql`create policy device_rows on ${sql.table(name)} as restrictive to ${sql.id(ROLES.scoped)}
    using (${visibleRow(name, reference)})`.execute(db);
}

const callerGroups = sql`(select current_setting(${sql.lit(GROUPS_SETTING)})::integer[])::integer[]`;

function inGroups(group: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`${group} = any (${callerGroups})`;
}

function visibleRow(name: string, reference: DeviceReference): RawBuilder<unknown> {
  if ('group' in reference) return inGroups(sql.ref(reference.group));
  if ('groups' in reference) {
    const groups = sql.ref(reference.groups);
    return sql`(cardinality(${groups}) = 0 or ${groups} && ${callerGroups})`;
  }
  const tenant = sql.ref(`${name}.tenant_id`);
  if ('parent' in reference)
    return sql`exists (select 1 from ${sql.table(reference.parent)} as parent
      where parent.tenant_id = ${tenant} and parent.id = ${sql.ref(`${name}.${reference.key}`)})`;
  if ('children' in reference)
    return sql`exists (select 1 from ${sql.table(reference.children)} as child
      where child.tenant_id = ${tenant} and ${sql.ref(`child.${reference.key}`)} = ${sql.ref(`${name}.${reference.id}`)})`;
  return sql`exists (select 1 from devices as device where device.tenant_id = ${tenant}
    and device.id = ${sql.ref(`${name}.${reference.device}`)} and ${inGroups(sql.ref('device.rbac_group_id'))})`;
}
