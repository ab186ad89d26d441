/** Why can, or cannot, this person do that on this device? Runs what decides, and says each step. Pure. */
import type { PortalPermission } from '@merlon/contract';
import type { ApiAccess, Route } from '../../http/route.ts';
import { counts, grantsOf, type Holdings, maySeeGroup } from './grants.ts';

export interface ExplainStep {
  readonly ok: boolean;
  readonly text: string;
}

export interface Explanation {
  readonly allowed: boolean;
  readonly steps: readonly ExplainStep[];
}

export interface ExplainInput {
  readonly holdings: Holdings;
  readonly route: Pick<Route, 'id'> & { readonly access: ApiAccess };
  /** Null: the question names no device. */
  readonly device: { readonly name: string; readonly groupId: number } | null;
}

export function explain({ holdings, route, device }: ExplainInput): Explanation {
  const steps: ExplainStep[] = [
    { ok: holdings.enabled, text: holdings.enabled ? 'The account is enabled.' : 'The account is disabled.' },
    ...roleSteps(holdings, route.access.role),
    ...lastingSteps(holdings, route.access),
    ...(route.access.deviceScope === 'none' || device === null ? [] : [deviceStep(holdings, device)]),
  ];
  return { allowed: steps.every(({ ok }) => ok), steps };
}

function roleSteps(holdings: Holdings, needed: PortalPermission | null): ExplainStep[] {
  if (needed === null) return [{ ok: true, text: 'The operation needs no permission in the portal.' }];
  const { permissions } = grantsOf({ ...holdings, enabled: true });
  const giving = holdings.roles.filter(
    (role) => role.permissions === null || role.permissions.includes(needed),
  );
  const counting = giving.filter((role) => counts(role, holdings.mode));
  if (permissions.has(needed))
    return counting.map((role) => ({
      ok: true,
      text: `Role "${role.name}", ${through(role.through)}, gives ${needed}.`,
    }));
  if (giving.length > 0)
    return giving.map((role) => ({
      ok: false,
      text: `Role "${role.name}" would give ${needed}, but does not count in ${holdings.mode} mode.`,
    }));
  const held = holdings.roles.map((role) => `"${role.name}"`).join(', ');
  return [{ ok: false, text: `No role gives ${needed}; roles held: ${held || 'none'}.` }];
}

/** Only where the role is there: without it nothing more needs to be said. */
function lastingSteps(holdings: Holdings, { role, lasting }: ApiAccess): ExplainStep[] {
  if (role === null || lasting === undefined || lasting === false) return [];
  const { permissions, standing } = grantsOf({ ...holdings, enabled: true });
  if (!permissions.has(role)) return [];
  if (standing.has(role))
    return [{ ok: true, text: `${role} is held through a user group, as what outlasts an elevation needs.` }];
  return lasting === 'unlessOff'
    ? [{ ok: true, text: `By an elevation it may turn something off, and nothing else.` }]
    : [{ ok: false, text: `${role} is held by an elevation only, which what this gives would outlast.` }];
}

function deviceStep(
  holdings: Holdings,
  device: { readonly name: string; readonly groupId: number },
): ExplainStep {
  const grants = grantsOf({ ...holdings, enabled: true });
  if (grants.deviceGroups === 'all')
    return {
      ok: true,
      text:
        holdings.mode === 'basic'
          ? 'In basic mode there is no device scope.'
          : holdings.deviceGroups.length === 0
            ? 'The tenant has no device groups.'
            : 'The administrator role sees every device.',
    };
  const group = holdings.deviceGroups.find(({ id }) => id === device.groupId);
  if (!group) return { ok: false, text: `The device group of ${device.name} is not known.` };
  const ok = maySeeGroup(group, holdings.userGroups);
  const open = group.userGroups.length === 0;
  return {
    ok,
    text: `Device ${device.name} is in device group "${group.name}", ${
      ok
        ? open
          ? 'which is open to everybody.'
          : 'which a user group of the person may see.'
        : 'which no user group of the person may see.'
    }`,
  };
}

function through(way: Holdings['roles'][number]['through']): string {
  return way.kind === 'group'
    ? `held by user group "${way.group}"`
    : `given until ${way.endsAt.toISOString()}`;
}
