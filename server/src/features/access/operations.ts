/** What administrators do with roles, user groups, elevations and the mode of access. */
import { ApiError, type PortalPermission } from '@merlon/contract';
import { Type } from 'typebox';
import { nearestNames } from '../../http/nearest-names.ts';
import type { ApiAccess, Route } from '../../http/route.ts';
import { defineOperation, type Operation, type OperationCaller } from '../../management/operation.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { requireRoleBelow, requireSightBelow } from './ceiling.ts';
import { explain } from './explain.ts';
import { counts } from './grants.ts';
import { accessModes, Elevation, grantablePermissions, Role, UserGroup } from './role.ts';
import { requireStandingAdministrator } from './standing-administrator.ts';
import type { AccessStore } from './store.ts';

const exactly = { additionalProperties: false } as const;
const id = Type.String({ format: 'uuid' });
const ids = Type.Array(id, { maxItems: 500 });
const name = Type.String({ minLength: 1, maxLength: 120 });
const description = Type.String({ maxLength: 1_000 });
const permissions = Type.Array(Type.Enum([...grantablePermissions]), {
  maxItems: grantablePermissions.length,
});
const Member = Type.Object({ id: Type.String(), principalName: Type.String(), displayName: Type.String() });
const Mode = Type.Object({ mode: Type.Enum([...accessModes]) });
const Explanation = Type.Object({
  allowed: Type.Boolean(),
  steps: Type.Array(Type.Object({ ok: Type.Boolean(), text: Type.String() })),
});

const MAX_ELEVATION_HOURS = 72;

const managing = { role: 'PortalSettings.Manage' } as const satisfies { role: PortalPermission };
/** Besides people: programs, which change nothing above what they hold (ceiling.ts). */
const reading = {
  ...managing,
  application: ['AccessManagement.Read.All', 'AccessManagement.ReadWrite.All'],
} as const;
const writing = { ...managing, application: ['AccessManagement.ReadWrite.All'] } as const;

export interface AccessOperationDeps {
  readonly store: AccessStore;
  readonly clock: Clock;
  /** Every route there is: what an explanation may be asked about. */
  routes(): readonly Route[];
  /** What is remembered of the tenant's people no longer counts. */
  changed(tenantId: string): Promise<void>;
}

export function accessOperations(deps: AccessOperationDeps): Operation[] {
  return [
    ...modeOperations(deps),
    ...roleOperations(deps),
    ...userGroupOperations(deps),
    ...elevationOperations(deps),
    explanation(deps),
  ];
}

async function after<T>(
  { changed }: AccessOperationDeps,
  { tenantId }: OperationCaller,
  work: Promise<T>,
): Promise<T> {
  const done = await work;
  await changed(tenantId);
  return done;
}

/** The role as it is; refused when it is above the program that asks. */
async function roleBelow(store: AccessStore, caller: OperationCaller, id: string): Promise<Role> {
  const role = await store.role(caller.tenantId, id);
  requireRoleBelow(caller.program, role);
  return role;
}

/** Whoever changes a group changes who holds its roles and who sees the devices it opens. */
async function groupBelow(store: AccessStore, caller: OperationCaller, id: string): Promise<void> {
  if (caller.program === null) return;
  const { roles } = await store.userGroup(caller.tenantId, id);
  for (const role of roles) await roleBelow(store, caller, role);
  if (await store.guardsDevices(caller.tenantId, id)) requireSightBelow(caller.program);
}

/** In a group that opens devices, a person does on them what all his other roles let him do. */
async function memberBelow(
  { store, clock }: Pick<AccessOperationDeps, 'store' | 'clock'>,
  caller: OperationCaller,
  group: string,
  userId: string,
): Promise<void> {
  await groupBelow(store, caller, group);
  if (caller.program === null || !(await store.guardsDevices(caller.tenantId, group))) return;
  const { roles, mode } = await store.holdings(caller.tenantId, userId, clock.now());
  for (const role of roles)
    if (counts(role, mode))
      requireRoleBelow(caller.program, { ...role, permissions: role.permissions ?? [] });
}

/** Before a change of who holds these roles. */
async function rolesChangeable(
  deps: Pick<AccessOperationDeps, 'store' | 'clock'>,
  caller: OperationCaller,
  roles: readonly string[],
): Promise<void> {
  if (caller.userId === null || roles.length === 0) return;
  const all = await deps.store.roles(caller.tenantId);
  if (all.some(({ id, kind }) => kind === 'administrator' && roles.includes(id)))
    await requireStandingAdministrator(deps, caller);
}

/** Before a change of who is in the group. */
async function membersChangeable(
  deps: Pick<AccessOperationDeps, 'store' | 'clock'>,
  caller: OperationCaller,
  group: string,
): Promise<void> {
  if (caller.userId === null) return;
  const { roles } = await deps.store.userGroup(caller.tenantId, group);
  await rolesChangeable(deps, caller, roles);
}

function modeOperations(deps: AccessOperationDeps): Operation[] {
  return [
    defineOperation({
      name: 'access.mode',
      method: 'GET',
      path: '/api/merlon/access',
      summary: 'Whether the built-in roles alone decide (basic), or roles and device groups (rbac).',
      role: 'ViewData.SecurityOperations',
      application: reading.application,
      changes: null,
      input: Type.Object({}, exactly),
      output: Mode,
      run: async ({ tenantId }) => ({ mode: await deps.store.mode(tenantId) }),
    }),
    defineOperation({
      name: 'access.switchToRbac',
      method: 'POST',
      path: '/api/merlon/access/rbac',
      summary: 'Let roles and device groups decide. There is no way back.',
      ...managing,
      changes: 'tenant',
      lasting: true,
      input: Type.Object({}, exactly),
      output: Mode,
      run: async (caller) => {
        await after(deps, caller, deps.store.switchToRbac(caller.tenantId, deps.clock.now()));
        return { mode: 'rbac' as const };
      },
    }),
  ];
}

function roleOperations(deps: AccessOperationDeps): Operation[] {
  const { store } = deps;
  return [
    defineOperation({
      name: 'role.list',
      method: 'GET',
      path: '/api/merlon/roles',
      summary: 'List roles with their permissions and the user groups that hold them.',
      ...reading,
      changes: null,
      input: Type.Object({}, exactly),
      output: Type.Object({ value: Type.Array(Role) }),
      run: async ({ tenantId }) => ({ value: await store.roles(tenantId) }),
    }),
    defineOperation({
      name: 'role.get',
      method: 'GET',
      path: '/api/merlon/roles/:id',
      summary: 'One role.',
      ...reading,
      changes: null,
      input: Type.Object({ id }, exactly),
      output: Role,
      run: ({ tenantId }, input) => store.role(tenantId, input.id),
    }),
    defineOperation({
      name: 'role.create',
      method: 'POST',
      path: '/api/merlon/roles',
      summary: 'Make a role.',
      ...writing,
      changes: 'role',
      lasting: true,
      input: Type.Object(
        { name, description: Type.Optional(description), permissions, userGroups: Type.Optional(ids) },
        exactly,
      ),
      output: Role,
      async run(caller, input) {
        requireRoleBelow(caller.program, { ...input, kind: 'custom' });
        for (const group of input.userGroups ?? []) await groupBelow(store, caller, group);
        return after(
          deps,
          caller,
          store.createRole(caller.tenantId, { description: '', userGroups: [], ...input }),
        );
      },
    }),
    defineOperation({
      name: 'role.update',
      method: 'PATCH',
      path: '/api/merlon/roles/:id',
      summary: 'Change a role, or which user groups hold it; what is left out stays.',
      ...writing,
      changes: 'role',
      lasting: true,
      input: Type.Object(
        {
          id,
          name: Type.Optional(name),
          description: Type.Optional(description),
          permissions: Type.Optional(permissions),
          userGroups: Type.Optional(ids),
        },
        exactly,
      ),
      output: Role,
      async run(caller, { id: role, ...fields }) {
        const before = await roleBelow(store, caller, role);
        requireRoleBelow(caller.program, {
          ...before,
          permissions: fields.permissions ?? before.permissions,
        });
        for (const group of new Set([...before.userGroups, ...(fields.userGroups ?? [])]))
          if (fields.userGroups !== undefined) await groupBelow(store, caller, group);
        return after(deps, caller, store.updateRole(caller.tenantId, role, fields));
      },
    }),
    defineOperation({
      name: 'role.remove',
      method: 'DELETE',
      path: '/api/merlon/roles/:id',
      summary: 'Remove a role; whoever held it holds it no more.',
      ...writing,
      changes: 'role',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: Role,
      async run(caller, input) {
        await roleBelow(store, caller, input.id);
        return after(deps, caller, store.removeRole(caller.tenantId, input.id));
      },
    }),
  ];
}

function userGroupOperations(deps: AccessOperationDeps): Operation[] {
  const { store } = deps;
  const Membership = Type.Object({ id, userId: id }, exactly);
  return [
    defineOperation({
      name: 'userGroup.list',
      method: 'GET',
      path: '/api/merlon/usergroups',
      summary: 'List user groups with their roles.',
      ...reading,
      changes: null,
      input: Type.Object({}, exactly),
      output: Type.Object({ value: Type.Array(UserGroup) }),
      run: async ({ tenantId }) => ({ value: await store.userGroups(tenantId) }),
    }),
    defineOperation({
      name: 'userGroup.get',
      method: 'GET',
      path: '/api/merlon/usergroups/:id',
      summary: 'One user group.',
      ...reading,
      changes: null,
      input: Type.Object({ id }, exactly),
      output: UserGroup,
      run: ({ tenantId }, input) => store.userGroup(tenantId, input.id),
    }),
    defineOperation({
      name: 'userGroup.create',
      method: 'POST',
      path: '/api/merlon/usergroups',
      summary: 'Make a user group.',
      ...writing,
      changes: 'user group',
      lasting: true,
      input: Type.Object(
        { name, description: Type.Optional(description), roles: Type.Optional(ids) },
        exactly,
      ),
      output: UserGroup,
      async run(caller, input) {
        for (const role of input.roles ?? []) await roleBelow(store, caller, role);
        return after(
          deps,
          caller,
          store.createUserGroup(caller.tenantId, { description: '', roles: [], ...input }),
        );
      },
    }),
    defineOperation({
      name: 'userGroup.update',
      method: 'PATCH',
      path: '/api/merlon/usergroups/:id',
      summary: 'Change a user group, or the roles it holds; what is left out stays.',
      ...writing,
      changes: 'user group',
      lasting: true,
      input: Type.Object(
        { id, name: Type.Optional(name), description: Type.Optional(description), roles: Type.Optional(ids) },
        exactly,
      ),
      output: UserGroup,
      async run(caller, { id: group, ...fields }) {
        await groupBelow(store, caller, group);
        for (const role of fields.roles ?? []) await roleBelow(store, caller, role);
        return after(deps, caller, store.updateUserGroup(caller.tenantId, group, fields));
      },
    }),
    defineOperation({
      name: 'userGroup.remove',
      method: 'DELETE',
      path: '/api/merlon/usergroups/:id',
      summary: 'Remove a user group.',
      ...writing,
      changes: 'user group',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: UserGroup,
      async run(caller, input) {
        await groupBelow(store, caller, input.id);
        await membersChangeable(deps, caller, input.id);
        return after(deps, caller, store.removeUserGroup(caller.tenantId, input.id));
      },
    }),
    defineOperation({
      name: 'userGroup.members',
      method: 'GET',
      path: '/api/merlon/usergroups/:id/members',
      summary: 'Who is in a user group.',
      ...reading,
      changes: null,
      input: Type.Object({ id }, exactly),
      output: Type.Object({ value: Type.Array(Member) }),
      run: async ({ tenantId }, input) => ({ value: await store.members(tenantId, input.id) }),
    }),
    defineOperation({
      name: 'userGroup.addMember',
      method: 'POST',
      path: '/api/merlon/usergroups/:id/members',
      summary: 'Put a person into a user group.',
      ...writing,
      changes: 'user group',
      lasting: true,
      input: Membership,
      output: UserGroup,
      run: async (caller, input) => {
        await memberBelow(deps, caller, input.id, input.userId);
        await after(deps, caller, store.addMember(caller.tenantId, input.id, input.userId));
        return store.userGroup(caller.tenantId, input.id);
      },
    }),
    defineOperation({
      name: 'userGroup.removeMember',
      method: 'DELETE',
      path: '/api/merlon/usergroups/:id/members/:userId',
      summary: 'Take a person out of a user group.',
      ...writing,
      changes: 'user group',
      lasting: false,
      input: Membership,
      output: UserGroup,
      run: async (caller, input) => {
        await groupBelow(store, caller, input.id);
        await membersChangeable(deps, caller, input.id);
        await after(deps, caller, store.removeMember(caller.tenantId, input.id, input.userId));
        return store.userGroup(caller.tenantId, input.id);
      },
    }),
  ];
}

function elevationOperations(deps: AccessOperationDeps): Operation[] {
  const { store, clock } = deps;
  return [
    defineOperation({
      name: 'elevation.list',
      method: 'GET',
      path: '/api/merlon/elevations',
      summary: 'Roles given for some hours, newest first.',
      ...reading,
      changes: null,
      input: Type.Object({}, exactly),
      output: Type.Object({ value: Type.Array(Elevation) }),
      run: async ({ tenantId }) => ({ value: await store.elevations(tenantId) }),
    }),
    defineOperation({
      name: 'elevation.create',
      method: 'POST',
      path: '/api/merlon/elevations',
      summary: 'Give a person a role for some hours, with a reason.',
      ...writing,
      changes: 'user',
      lasting: true,
      input: Type.Object(
        {
          userId: id,
          roleId: id,
          hours: Type.Number({ exclusiveMinimum: 0, maximum: MAX_ELEVATION_HOURS }),
          reason: Type.String({ minLength: 1, maxLength: 1_000 }),
        },
        exactly,
      ),
      output: Elevation,
      async run(caller, { userId, roleId, hours, reason }) {
        await roleBelow(store, caller, roleId);
        if (caller.userId === userId)
          throw new ApiError('DisallowedOperation', 'Nobody elevates himself: another administrator must.');
        const now = clock.now();
        const endsAt = new Date(now.getTime() + hours * 3_600_000);
        return after(
          deps,
          caller,
          store.elevate(caller.tenantId, {
            userId,
            roleId,
            reason,
            grantedBy: caller.actor.name,
            now,
            endsAt,
          }),
        );
      },
    }),
    defineOperation({
      name: 'elevation.end',
      method: 'POST',
      path: '/api/merlon/elevations/:id/end',
      summary: 'End an elevation before its time.',
      ...writing,
      changes: 'elevation',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: Elevation,
      async run(caller, input) {
        const known = (await store.elevations(caller.tenantId)).find((one) => one.id === input.id);
        if (known) {
          await roleBelow(store, caller, known.roleId);
          // Giving up what one was given oneself is always right.
          if (known.userId !== caller.userId) await rolesChangeable(deps, caller, [known.roleId]);
        } else if (caller.program !== null)
          throw new ApiError('ResourceNotFound', `There is no elevation ${input.id} that still counts.`);
        return after(
          deps,
          caller,
          store.endElevation(caller.tenantId, input.id, caller.actor.name, clock.now()),
        );
      },
    }),
  ];
}

function explanation({ store, clock, routes }: AccessOperationDeps): Operation {
  return defineOperation({
    name: 'access.explain',
    method: 'GET',
    path: '/api/merlon/access/explain',
    summary: 'Why a person can, or cannot, use an operation on a device.',
    ...reading,
    changes: null,
    input: Type.Object(
      {
        /** Object id or principal name. */
        user: Type.String({ minLength: 1, maxLength: 256 }),
        /** Id of a route: `machines.isolate`. */
        operation: Type.String({ minLength: 1, maxLength: 120 }),
        /** Id or computer name. */
        device: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })),
      },
      exactly,
    ),
    output: Explanation,
    run: async ({ tenantId }, input) => {
      const all = routes().filter(({ access }) => access.kind === 'api');
      const route = all.find((one) => one.id === input.operation);
      if (route?.access.kind !== 'api') {
        const nearest = nearestNames(
          input.operation,
          all.map((one) => one.id),
          3,
        ).join(', ');
        throw new ApiError(
          'InvalidInput',
          `There is no operation "${input.operation}"; nearest are ${nearest}. All are in /openapi.json (operationId).`,
        );
      }
      const access: ApiAccess = route.access;
      const user = await store.findUser(tenantId, input.user);
      const device = input.device === undefined ? null : await store.findDevice(tenantId, input.device);
      const holdings = await store.holdings(tenantId, user.id, clock.now());
      const { allowed, steps } = explain({
        holdings,
        route: { id: route.id, access },
        device,
      });
      return { allowed, steps: [...steps] };
    },
  });
}
