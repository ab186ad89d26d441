/** Which group a device belongs to, as SQL over the columns of `devices`. Pure: the rules in, an expression out. */
import { type RawBuilder, sql } from 'kysely';
import { type Condition, conditionProperties, UNGROUPED_ID } from './device-group.ts';

export interface RankedGroup {
  readonly id: number;
  readonly conditions: readonly Condition[];
}

/** @param groups by rank, the first first; without the group of the rest. */
export function groupOfDevice(groups: readonly RankedGroup[]): RawBuilder<number> {
  const cases = groups.map(
    ({ id, conditions }) => sql`when ${conditionsHold(conditions)} then ${sql.lit(id)}`,
  );
  return cases.length === 0
    ? sql<number>`${sql.lit(UNGROUPED_ID)}`
    : sql<number>`case ${sql.join(cases, sql` `)} else ${sql.lit(UNGROUPED_ID)} end`;
}

/** Of one property any condition, of different properties each. No condition: no device. */
export function conditionsHold(conditions: readonly Condition[]): RawBuilder<boolean> {
  const properties = conditionProperties.flatMap((property) => {
    const alternatives = conditions.filter((condition) => condition.property === property);
    return alternatives.length === 0 ? [] : [sql<boolean>`(${sql.join(alternatives.map(holds), sql` or `)})`];
  });
  if (properties.length === 0) return sql<boolean>`false`;
  return sql<boolean>`(${sql.join(properties, sql` and `)})`;
}

function holds({ property, operator, value }: Condition): RawBuilder<boolean> {
  // Lowered by the database on both sides, so that its idea of letter case is the only one.
  const wanted = sql`lower(${value})`;
  switch (property) {
    case 'name': {
      // People mean the host by its name, with or without its domain.
      const [whole, host] = [sql`lower(computer_name)`, sql`split_part(lower(computer_name), '.', 1)`];
      return operator === 'equals' || operator === 'endsWith'
        ? sql<boolean>`(${matches(whole, operator, wanted)} or ${matches(host, operator, wanted)})`
        : matches(whole, operator, wanted);
    }
    case 'domain':
      return matches(
        sql`(case when position('.' in computer_name) = 0 then '' else lower(substring(computer_name from position('.' in computer_name) + 1)) end)`,
        operator,
        wanted,
      );
    case 'osPlatform':
      return matches(sql`lower(os_platform)`, operator, wanted);
    case 'tag':
      return sql<boolean>`exists (select 1 from unnest(manual_tags || device_tag) as tag(value) where ${matches(sql`lower(tag.value)`, operator, wanted)})`;
  }
}

/** No patterns: what people type is taken letter by letter. */
function matches(
  text: RawBuilder<unknown>,
  operator: Condition['operator'],
  wanted: RawBuilder<unknown>,
): RawBuilder<boolean> {
  switch (operator) {
    case 'equals':
      return sql<boolean>`${text} = ${wanted}`;
    case 'startsWith':
      return sql<boolean>`starts_with(${text}, ${wanted})`;
    case 'endsWith':
      return sql<boolean>`right(${text}, length(${wanted})) = ${wanted}`;
    case 'contains':
      return sql<boolean>`position(${wanted} in ${text}) > 0`;
  }
}

/** The name of a device's group, beside the columns of `devices`. Null in a tenant without device groups. */
export const deviceGroupName = sql<
  string | null
>`(select g.name from device_groups g where g.tenant_id = devices.tenant_id and g.id = devices.rbac_group_id)`;
