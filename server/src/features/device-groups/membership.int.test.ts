/** The rules on a real database, against the plainest reading of them in JavaScript. */
import { randomUUID } from 'node:crypto';
import type { StateStore } from '@merlon/state-store';
import { openTestStateStore } from '@merlon/state-store/testing';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../features.ts';
import { type Condition, conditionOperators, conditionProperties } from './device-group.ts';
import { assignDevices } from './index.ts';
import { type DeviceGroupsDb, deviceGroupsStore } from './store.ts';

interface Device {
  readonly name: string;
  readonly osPlatform: string;
  readonly tags: readonly string[];
}

const words = ['ws', 'srv', 'a%b', 'X_y', 'kiosk', 'contoso', "o'neil", 'Ünal', '\\', '.'];
const text = fc
  .array(fc.constantFrom(...words), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('-'));
const device: fc.Arbitrary<Device> = fc.record({
  name: fc.oneof(
    text,
    fc.tuple(text, text).map(([host, domain]) => `${host}.${domain}.example`),
  ),
  osPlatform: fc.constantFrom('Windows10', 'Linux', 'macOS'),
  tags: fc.array(text, { maxLength: 3 }),
});
const condition: fc.Arbitrary<Condition> = fc.record({
  property: fc.constantFrom(...conditionProperties),
  operator: fc.constantFrom(...conditionOperators),
  value: fc.oneof(text, fc.constantFrom('linux', 'WINDOWS10', 'example', 'ws', '%', '_')),
});

function matches(value: string, { operator, value: wanted }: Condition): boolean {
  const [have, want] = [value.toLowerCase(), wanted.toLowerCase()];
  switch (operator) {
    case 'equals':
      return have === want;
    case 'startsWith':
      return have.startsWith(want);
    case 'endsWith':
      return have.endsWith(want);
    case 'contains':
      return have.includes(want);
  }
}

function holds(one: Condition, { name, osPlatform, tags }: Device): boolean {
  const dot = name.indexOf('.');
  switch (one.property) {
    case 'name':
      return [name, dot < 0 ? name : name.slice(0, dot)].some((candidate) => matches(candidate, one));
    case 'domain':
      return matches(dot < 0 ? '' : name.slice(dot + 1), one);
    case 'osPlatform':
      return matches(osPlatform, one);
    case 'tag':
      return tags.some((tag) => matches(tag, one));
  }
}

function takes(conditions: readonly Condition[], one: Device): boolean {
  return [...new Set(conditions.map(({ property }) => property))].every((property) =>
    conditions.some((candidate) => candidate.property === property && holds(candidate, one)),
  );
}

describe('membership of device groups', () => {
  let state: StateStore;
  beforeAll(async () => {
    state = await openTestStateStore(MIGRATIONS);
  });
  afterAll(() => state.close());

  async function insert(tenantId: string, devices: readonly Device[], from = 0): Promise<void> {
    await state.tenant<DeviceGroupsDb, void>(tenantId, async (db) => {
      for (const [index, one] of devices.entries()) {
        const id = randomUUID().replaceAll('-', '').padEnd(40, '0');
        await sql`insert into devices (id, public_key_x, state, onboarded_at, first_seen, last_seen, computer_name, os_platform, os_version,
            os_architecture, os_processor, agent_version, device_tag, manual_tags)
          values (${id}, ${`${tenantId}${from + index}`}, 'Onboarded', now(), now(), now(), ${one.name}, ${one.osPlatform}, '1', '64-bit', 'x64', '1',
            ${one.tags[0] ?? null}, ${one.tags.slice(1)}::text[])`.execute(db);
        await assignDevices(db, tenantId, [id]);
      }
    });
  }

  const placed = (tenantId: string) =>
    state.tenant<DeviceGroupsDb, Map<string, number>>(tenantId, async (db) => {
      const { rows } = await sql<{
        key: string;
        group: number;
      }>`select public_key_x as key, rbac_group_id as "group" from devices`.execute(db);
      return new Map(rows.map(({ key, group }) => [key.slice(tenantId.length), group]));
    });

  it('is that of the first group by rank that takes the device, whichever came first', async () => {
    const store = deviceGroupsStore(state);
    await fc.assert(
      fc.asyncProperty(
        fc.array(device, { minLength: 1, maxLength: 6 }),
        fc.array(device, { maxLength: 3 }),
        fc.array(fc.array(condition, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }),
        async (before, after, rules) => {
          const tenantId = randomUUID();
          await insert(tenantId, before);
          const ids: number[] = [];
          for (const [index, conditions] of rules.entries())
            ids.push(
              (
                await store.create(tenantId, {
                  name: `g${index}`,
                  description: '',
                  remediationLevel: 'Full',
                  conditions,
                  userGroups: [],
                })
              ).id,
            );
          // The last becomes the first.
          const moved = ids.at(-1) ?? 0;
          await store.rank(tenantId, moved, 1);
          const order = [rules.length - 1, ...rules.keys()].slice(0, rules.length);
          await insert(tenantId, after, before.length);
          const groups = await placed(tenantId);
          const devices = [...before, ...after];
          const expected = devices.map((one) => {
            const taker = order.find((index) => takes(rules[index] ?? [], one));
            return taker === undefined ? 0 : ids[taker];
          });
          expect(devices.map((_, index) => groups.get(String(index)))).toEqual(expected);
          const preview = await store.preview(tenantId, rules[0] ?? []);
          expect(preview.count).toBe(devices.filter((one) => takes(rules[0] ?? [], one)).length);
        },
      ),
      { numRuns: 40 },
    );
  });
});
