/** What administrators do with device groups. */
import { Type } from 'typebox';
import { defineOperation, type Operation } from '../../management/operation.ts';
import type { AccessStore } from '../access/index.ts';
import { Conditions, DeviceGroup, remediationLevels } from './device-group.ts';
import type { DeviceGroupsStore } from './store.ts';
import { applyTeamStructure, teamStructureNames } from './team-structures.ts';

const exactly = { additionalProperties: false } as const;
const id = Type.Integer({ minimum: 0, maximum: 999_999_999 });
const name = Type.String({ minLength: 1, maxLength: 120 });
const description = Type.String({ maxLength: 1_000 });
const remediationLevel = Type.Enum([...remediationLevels]);
const userGroups = Type.Array(Type.String({ format: 'uuid' }), { maxItems: 200 });
const role = 'PortalSettings.Manage';

export function deviceGroupOperations(deps: {
  store: DeviceGroupsStore;
  access: AccessStore;
  /** Rules or access changed: nothing learnt before counts. */
  changed(tenantId: string): Promise<void>;
}): Operation[] {
  const { store, access, changed } = deps;
  const after = async <T>(tenantId: string, work: Promise<T>): Promise<T> => {
    const done = await work;
    await changed(tenantId);
    return done;
  };

  return [
    defineOperation({
      name: 'deviceGroup.list',
      method: 'GET',
      path: '/api/merlon/devicegroups',
      summary: 'List device groups by rank, with the number of their devices.',
      role,
      changes: null,
      input: Type.Object({}, exactly),
      output: Type.Object({ value: Type.Array(DeviceGroup) }),
      run: async ({ tenantId }) => ({ value: await store.list(tenantId) }),
    }),
    defineOperation({
      name: 'deviceGroup.get',
      method: 'GET',
      path: '/api/merlon/devicegroups/:id',
      summary: 'One device group.',
      role,
      changes: null,
      input: Type.Object({ id }, exactly),
      output: DeviceGroup,
      run: ({ tenantId }, input) => store.find(tenantId, input.id),
    }),
    defineOperation({
      name: 'deviceGroup.create',
      method: 'POST',
      path: '/api/merlon/devicegroups',
      summary: 'Make a device group; it comes after the others.',
      role,
      changes: 'device group',
      lasting: true,
      input: Type.Object(
        {
          name,
          description: Type.Optional(description),
          remediationLevel: Type.Optional(remediationLevel),
          conditions: Conditions,
          userGroups: Type.Optional(userGroups),
        },
        exactly,
      ),
      output: DeviceGroup,
      run: ({ tenantId }, input) =>
        after(
          tenantId,
          store.create(tenantId, {
            description: '',
            remediationLevel: 'Full',
            userGroups: [],
            ...input,
          }),
        ),
    }),
    defineOperation({
      name: 'deviceGroup.update',
      method: 'PATCH',
      path: '/api/merlon/devicegroups/:id',
      summary: 'Change a device group; what is left out stays.',
      role,
      changes: 'device group',
      lasting: true,
      input: Type.Object(
        {
          id,
          name: Type.Optional(name),
          description: Type.Optional(description),
          remediationLevel: Type.Optional(remediationLevel),
          conditions: Type.Optional(Conditions),
          userGroups: Type.Optional(userGroups),
        },
        exactly,
      ),
      output: DeviceGroup,
      run: ({ tenantId }, { id: group, ...fields }) => after(tenantId, store.update(tenantId, group, fields)),
    }),
    defineOperation({
      name: 'deviceGroup.rank',
      method: 'POST',
      path: '/api/merlon/devicegroups/:id/rank',
      summary: 'Promote or demote a device group to a rank; 1 is the first.',
      role,
      changes: 'device group',
      lasting: true,
      input: Type.Object({ id, rank: Type.Integer({ minimum: 1, maximum: 1_000 }) }, exactly),
      output: DeviceGroup,
      run: ({ tenantId }, input) => after(tenantId, store.rank(tenantId, input.id, input.rank)),
    }),
    defineOperation({
      name: 'deviceGroup.remove',
      method: 'DELETE',
      path: '/api/merlon/devicegroups/:id',
      summary: 'Remove a device group; its devices go where the other rules put them.',
      role,
      changes: 'device group',
      lasting: true,
      input: Type.Object({ id }, exactly),
      output: DeviceGroup,
      run: ({ tenantId }, input) => after(tenantId, store.remove(tenantId, input.id)),
    }),
    defineOperation({
      name: 'deviceGroup.preview',
      method: 'POST',
      path: '/api/merlon/devicegroups/preview',
      summary: 'How many devices a rule would match, and the first ten.',
      role,
      changes: null,
      input: Type.Object({ conditions: Conditions }, exactly),
      output: Type.Object({
        count: Type.Integer(),
        devices: Type.Array(
          Type.Object({
            id: Type.String(),
            computerDnsName: Type.String(),
            osPlatform: Type.String(),
            rbacGroupId: Type.Integer(),
          }),
        ),
      }),
      run: ({ tenantId }, input) => store.preview(tenantId, input.conditions),
    }),
    defineOperation({
      name: 'access.applyStructure',
      method: 'POST',
      path: '/api/merlon/access/structures/:structure',
      summary: 'Set up roles, user groups and device groups as one of the ready team structures.',
      role,
      changes: 'tenant',
      lasting: true,
      input: Type.Object({ structure: Type.Enum([...teamStructureNames]) }, exactly),
      output: Type.Object({
        about: Type.String(),
        roles: Type.Array(Type.String()),
        userGroups: Type.Array(Type.String()),
        deviceGroups: Type.Array(Type.String()),
      }),
      run: async ({ tenantId }, { structure }) => {
        const applied = await after(
          tenantId,
          applyTeamStructure({ access, deviceGroups: store }, tenantId, structure),
        );
        return {
          about: applied.about,
          roles: [...applied.roles],
          userGroups: [...applied.userGroups],
          deviceGroups: [...applied.deviceGroups],
        };
      },
    }),
  ];
}
