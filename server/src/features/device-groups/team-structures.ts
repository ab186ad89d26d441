/**
 * Three ways to divide a security team, as the product's documentation names them (rbac.md, operating models), as ready examples: roles, user groups
 * and device groups by tag. To be applied as they are and then made one's own.
 */
import { isDeepStrictEqual } from 'node:util';
import { ApiError, type PortalPermission } from '@merlon/contract';
import type { AccessStore } from '../access/index.ts';
import type { Condition } from './device-group.ts';
import type { DeviceGroupsStore } from './store.ts';

interface TeamStructure {
  readonly about: string;
  readonly roles: Readonly<Record<string, readonly PortalPermission[]>>;
  /** The roles that each user group holds. */
  readonly userGroups: Readonly<Record<string, readonly string[]>>;
  /** By rank: the tag of the devices, and the user groups that may see them. */
  readonly deviceGroups: readonly {
    readonly name: string;
    readonly tag: string;
    readonly userGroups: readonly string[];
  }[];
  /** Who sees the devices without one of these tags. */
  readonly ungrouped: readonly string[];
}

const TRIAGE = ['ViewData.SecurityOperations', 'ViewData.Tvm', 'AlertsInvestigation.Manage'] as const;
const RESPOND = [...TRIAGE, 'ActiveRemediation.SecurityOperations', 'LiveResponse.Basic'] as const;
const LEAD = [
  ...RESPOND,
  'LiveResponse.Advanced',
  'SecuritySettings.Manage',
  'ActiveRemediation.TvmException',
  'ActiveRemediation.TvmRemediation',
  'ActiveRemediation.TvmApplication',
  'SecurityBaselines.Manage',
] as const;

const REGIONS = ['Americas', 'EMEA', 'APAC'] as const;
const DIVISIONS = ['Retail', 'Manufacturing', 'Research'] as const;

export const teamStructures = {
  'global-teams': {
    about:
      'Globally distributed teams: each region looks after its own devices, day and night; one team sees them all.',
    roles: { 'Regional analyst': RESPOND, 'Global lead': LEAD },
    userGroups: {
      ...Object.fromEntries(REGIONS.map((region) => [`SOC ${region}`, ['Regional analyst']])),
      'SOC worldwide': ['Global lead'],
    },
    deviceGroups: REGIONS.map((region) => ({
      name: region,
      tag: `Region ${region}`,
      userGroups: [`SOC ${region}`, 'SOC worldwide'],
    })),
    ungrouped: ['SOC worldwide'],
  },
  tiers: {
    about:
      'Tiered operations: tier 1 triages its place, tier 2 remediates in its region, tier 3 has everything, everywhere.',
    roles: { 'Tier 1': TRIAGE, 'Tier 2': RESPOND, 'Tier 3': LEAD },
    userGroups: {
      ...Object.fromEntries(
        REGIONS.flatMap((region) => [
          [`Tier 1 ${region}`, ['Tier 1']],
          [`Tier 2 ${region}`, ['Tier 2']],
        ]),
      ),
      'Tier 3 worldwide': ['Tier 3'],
    },
    deviceGroups: REGIONS.map((region) => ({
      name: `${region} devices`,
      tag: `Region ${region}`,
      userGroups: [`Tier 1 ${region}`, `Tier 2 ${region}`, 'Tier 3 worldwide'],
    })),
    ungrouped: ['Tier 3 worldwide'],
  },
  divisions: {
    about:
      'Segregated divisions under one central team: no division sees another; the centre sees and decides on all.',
    roles: { 'Division responder': RESPOND, 'Central lead': LEAD },
    userGroups: {
      ...Object.fromEntries(DIVISIONS.map((division) => [`${division} security`, ['Division responder']])),
      'Central security': ['Central lead'],
    },
    deviceGroups: DIVISIONS.map((division) => ({
      name: division,
      tag: `Division ${division}`,
      userGroups: [`${division} security`, 'Central security'],
    })),
    ungrouped: ['Central security'],
  },
} as const satisfies Record<string, TeamStructure>;

export type TeamStructureName = keyof typeof teamStructures;
export const teamStructureNames = Object.keys(teamStructures) as TeamStructureName[];

export interface AppliedStructure {
  readonly about: string;
  readonly roles: readonly string[];
  readonly userGroups: readonly string[];
  readonly deviceGroups: readonly string[];
}

/** Makes what is not there by name; refuses when a device group of that name follows another rule. */
export async function applyTeamStructure(
  { access, deviceGroups }: { access: AccessStore; deviceGroups: DeviceGroupsStore },
  tenantId: string,
  name: TeamStructureName,
): Promise<AppliedStructure> {
  const structure: TeamStructure = teamStructures[name];
  const conditionsOf = (tag: string): Condition[] => [{ property: 'tag', operator: 'equals', value: tag }];
  const present = await deviceGroups.list(tenantId);
  for (const group of structure.deviceGroups) {
    const same = present.find((one) => one.name.toLowerCase() === group.name.toLowerCase());
    if (same && !isDeepStrictEqual(same.conditions, conditionsOf(group.tag)))
      throw new ApiError('Conflict', `There is a device group "${group.name}" with other conditions.`);
  }

  const roleIds = new Map((await access.roles(tenantId)).map((role) => [role.name, role.id]));
  for (const [role, permissions] of Object.entries(structure.roles))
    if (!roleIds.has(role))
      roleIds.set(
        role,
        (
          await access.createRole(tenantId, {
            name: role,
            description: structure.about,
            permissions,
            userGroups: [],
          })
        ).id,
      );
  const userGroupIds = new Map((await access.userGroups(tenantId)).map((group) => [group.name, group.id]));
  for (const [group, roles] of Object.entries(structure.userGroups))
    if (!userGroupIds.has(group))
      userGroupIds.set(
        group,
        (
          await access.createUserGroup(tenantId, {
            name: group,
            description: structure.about,
            roles: idsOf(roleIds, roles),
          })
        ).id,
      );
  for (const { name: group, tag, userGroups } of structure.deviceGroups)
    if (!present.some((one) => one.name.toLowerCase() === group.toLowerCase()))
      await deviceGroups.create(tenantId, {
        name: group,
        description: structure.about,
        remediationLevel: 'SemiAllFolders',
        conditions: conditionsOf(tag),
        userGroups: idsOf(userGroupIds, userGroups),
      });
  const [ungrouped] = (await deviceGroups.list(tenantId)).filter((group) => group.ungrouped);
  if (ungrouped && ungrouped.userGroups.length === 0)
    await deviceGroups.update(tenantId, ungrouped.id, {
      userGroups: idsOf(userGroupIds, structure.ungrouped),
    });
  return {
    about: structure.about,
    roles: Object.keys(structure.roles),
    userGroups: Object.keys(structure.userGroups),
    deviceGroups: structure.deviceGroups.map((group) => group.name),
  };
}

function idsOf(ids: ReadonlyMap<string, string>, names: readonly string[]): string[] {
  return names.flatMap((name) => ids.get(name) ?? []);
}
