import { randomUUID } from 'node:crypto';
import type { StateStore } from '@merlon/state-store';
import { openTestStateStore } from '@merlon/state-store/testing';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../features.ts';
import { grantsOf } from '../access/grants.ts';
import { accessStore, prepareTenant } from '../access/store.ts';
import { createUsers } from '../identity/users.ts';
import { assignDevices, type DeviceGroupsDb, deviceGroupsStore } from './store.ts';
import { applyTeamStructure, type TeamStructureName } from './team-structures.ts';

const now = new Date('2026-11-25T10:00:00Z');

/** Each person of a structure: the tags of the devices he sees, and whether he may isolate one. */
const expected: Record<TeamStructureName, Record<string, { sees: string[]; acts: boolean }>> = {
  'global-teams': {
    'SOC EMEA': { sees: ['Region EMEA'], acts: true },
    'SOC worldwide': { sees: ['Region APAC', 'Region Americas', 'Region EMEA', 'none'], acts: true },
  },
  tiers: {
    'Tier 1 APAC': { sees: ['Region APAC'], acts: false },
    'Tier 2 APAC': { sees: ['Region APAC'], acts: true },
    'Tier 3 worldwide': { sees: ['Region APAC', 'Region Americas', 'Region EMEA', 'none'], acts: true },
  },
  divisions: {
    'Retail security': { sees: ['Division Retail'], acts: true },
    'Research security': { sees: ['Division Research'], acts: true },
    'Central security': {
      sees: ['Division Manufacturing', 'Division Research', 'Division Retail', 'none'],
      acts: true,
    },
  },
};

describe('a team structure', () => {
  let state: StateStore;
  beforeAll(async () => {
    state = await openTestStateStore(MIGRATIONS);
  });
  afterAll(() => state.close());

  it.each(Object.keys(expected) as TeamStructureName[])(
    '%s shows each team what it should see, applied twice or once',
    async (name) => {
      const tenantId = randomUUID();
      await state.system((db) => prepareTenant(db as never, tenantId));
      const users = createUsers({ state, clock: { now: () => now } });
      const access = accessStore(state, {
        works: async (...person) => (await users.find(...person)) !== null,
      });
      const deviceGroups = deviceGroupsStore(state);
      await applyTeamStructure({ access, deviceGroups }, tenantId, name);
      await applyTeamStructure({ access, deviceGroups }, tenantId, name);
      await access.switchToRbac(tenantId, now);

      const tags = [
        ...(await deviceGroups.list(tenantId)).flatMap((group) => group.conditions.map(({ value }) => value)),
        'none',
      ];
      for (const tag of tags)
        await state.tenant<DeviceGroupsDb, void>(tenantId, async (db) => {
          const id = randomUUID().replaceAll('-', '').padEnd(40, '0');
          await sql`insert into devices (id, public_key_x, state, onboarded_at, first_seen, last_seen, computer_name, os_platform, os_version,
            os_architecture, os_processor, agent_version, device_tag, manual_tags)
          values (${id}, ${id}, 'Onboarded', now(), now(), now(), ${tag}, 'Linux', '1', '64-bit', 'x64', '1', ${tag}, '{}')`.execute(
            db,
          );
          await assignDevices(db, tenantId, [id]);
        });

      for (const [group, { sees, acts }] of Object.entries(expected[name])) {
        const userId = randomUUID();
        await state.tenant(tenantId, async (db) => {
          await sql`insert into users (id, tenant_id, principal_name, display_name, password_hash, must_change_password, created_at)
          values (${userId}, ${tenantId}, ${userId}, 'x', 'x', false, now())`.execute(db);
        });
        const team = (await access.userGroups(tenantId)).find((one) => one.name === group);
        await access.addMember(tenantId, team?.id ?? '', userId);
        const grants = grantsOf(await access.holdings(tenantId, userId, now));
        const seen = await state.tenant<DeviceGroupsDb, { computer_name: string }[]>(
          { tenantId, deviceGroups: grants.deviceGroups },
          (db) => db.selectFrom('devices').select('computer_name').orderBy('computer_name').execute(),
        );
        expect({ [group]: seen.map((row) => row.computer_name).sort() }).toEqual({
          [group]: [...sees].sort(),
        });
        expect(grants.permissions.has('ActiveRemediation.SecurityOperations')).toBe(acts);
      }
    },
  );
});
