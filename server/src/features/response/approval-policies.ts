/** Which orders a second person must approve before they leave: by kind of action and device group. */
import { randomUUID } from 'node:crypto';
import { ApiError, type MachineActionType, machineActionTypes } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import type { ColumnType, Transaction } from 'kysely';
import { type Static, Type } from 'typebox';
import { defineOperation, type Operation } from '../../management/operation.ts';

export const ApprovalPolicy = Type.Object({
  id: Type.String(),
  name: Type.String(),
  /** Empty: every kind of action. */
  actionTypes: Type.Array(Type.Enum([...machineActionTypes])),
  /** Numbers of device groups. Empty: every device. */
  deviceGroups: Type.Array(Type.Integer()),
  enabled: Type.Boolean(),
});
export type ApprovalPolicy = Static<typeof ApprovalPolicy>;

interface PoliciesDb {
  approval_policies: {
    tenant_id: ColumnType<string, string | undefined, never>;
    id: string;
    name: string;
    action_types: string[];
    device_groups: number[];
    enabled: boolean;
  };
}
type Fields = Partial<Omit<ApprovalPolicy, 'id'>>;

const MAX_POLICIES = 100;

/** Pure. The first policy that asks for approval. */
export function policyFor(
  policies: readonly ApprovalPolicy[],
  type: MachineActionType,
  deviceGroup: number,
): ApprovalPolicy | null {
  const applies = ({ enabled, actionTypes, deviceGroups }: ApprovalPolicy) =>
    enabled &&
    (actionTypes.length === 0 || actionTypes.includes(type)) &&
    (deviceGroups.length === 0 || deviceGroups.includes(deviceGroup));
  return policies.find(applies) ?? null;
}

export function approvalPolicies(state: StateStore) {
  const inTenant = <T>(tenantId: string, work: (db: Transaction<PoliciesDb>) => Promise<T>) =>
    state.tenant<PoliciesDb, T>(tenantId, work);
  const all = async (db: Transaction<PoliciesDb>): Promise<ApprovalPolicy[]> =>
    (await db.selectFrom('approval_policies').selectAll().orderBy('name').execute()).map((row) => ({
      id: row.id,
      name: row.name,
      actionTypes: row.action_types as ApprovalPolicy['actionTypes'],
      deviceGroups: row.device_groups,
      enabled: row.enabled,
    }));
  const found = async (db: Transaction<PoliciesDb>, id: string) => {
    const policy = (await all(db)).find((one) => one.id === id);
    if (!policy) throw new ApiError('ResourceNotFound', `Approval policy ${id} was not found.`);
    return policy;
  };
  return {
    list: (tenantId: string) => inTenant(tenantId, all),
    create: (tenantId: string, { name, actionTypes, deviceGroups, enabled }: Omit<ApprovalPolicy, 'id'>) =>
      inTenant(tenantId, async (db) => {
        if ((await all(db)).length >= MAX_POLICIES)
          throw new ApiError(
            'DisallowedOperation',
            `A tenant holds at most ${MAX_POLICIES} approval policies.`,
          );
        const id = randomUUID();
        await db
          .insertInto('approval_policies')
          .values({ id, name, action_types: actionTypes, device_groups: deviceGroups, enabled })
          .execute();
        return found(db, id);
      }),
    update: (tenantId: string, id: string, { name, actionTypes, deviceGroups, enabled }: Fields) =>
      inTenant(tenantId, async (db) => {
        const before = await found(db, id);
        await db
          .updateTable('approval_policies')
          .set({
            name: name ?? before.name,
            action_types: actionTypes ?? before.actionTypes,
            device_groups: deviceGroups ?? before.deviceGroups,
            enabled: enabled ?? before.enabled,
          })
          .where('id', '=', id)
          .execute();
        return found(db, id);
      }),
    remove: (tenantId: string, id: string) =>
      inTenant(tenantId, async (db) => {
        const policy = await found(db, id);
        await db.deleteFrom('approval_policies').where('id', '=', id).execute();
        return policy;
      }),
  };
}
export type ApprovalPolicies = ReturnType<typeof approvalPolicies>;

export function approvalPolicyOperations(policies: ApprovalPolicies): Operation[] {
  const exactly = { additionalProperties: false } as const;
  const id = Type.String({ format: 'uuid' });
  const name = Type.String({ minLength: 1, maxLength: 120 });
  const actionTypes = Type.Array(Type.Enum([...machineActionTypes]), { maxItems: machineActionTypes.length });
  const deviceGroups = Type.Array(Type.Integer({ minimum: 0 }), { maxItems: 200 });
  const role = 'PortalSettings.Manage';
  const path = '/api/merlon/approvalpolicies';
  return [
    defineOperation({
      name: 'approvalPolicy.list',
      method: 'GET',
      path,
      summary: 'Which orders a second person must approve.',
      role: 'ViewData.SecurityOperations',
      changes: null,
      input: Type.Object({}, exactly),
      output: Type.Object({ value: Type.Array(ApprovalPolicy) }),
      run: async ({ tenantId }) => ({ value: await policies.list(tenantId) }),
    }),
    defineOperation({
      name: 'approvalPolicy.create',
      method: 'POST',
      path,
      summary: 'Ask for a second person’s approval of some orders.',
      role,
      changes: 'approval policy',
      lasting: false,
      input: Type.Object(
        {
          name,
          actionTypes: Type.Optional(actionTypes),
          deviceGroups: Type.Optional(deviceGroups),
          enabled: Type.Optional(Type.Boolean()),
        },
        exactly,
      ),
      output: ApprovalPolicy,
      run: ({ tenantId }, input) =>
        policies.create(tenantId, { actionTypes: [], deviceGroups: [], enabled: true, ...input }),
    }),
    defineOperation({
      name: 'approvalPolicy.update',
      method: 'PATCH',
      path: `${path}/:id`,
      summary: 'Change an approval policy; what is left out stays.',
      role,
      changes: 'approval policy',
      lasting: true,
      input: Type.Object(
        {
          id,
          name: Type.Optional(name),
          actionTypes: Type.Optional(actionTypes),
          deviceGroups: Type.Optional(deviceGroups),
          enabled: Type.Optional(Type.Boolean()),
        },
        exactly,
      ),
      output: ApprovalPolicy,
      run: ({ tenantId }, { id: policy, ...fields }) => policies.update(tenantId, policy, fields),
    }),
    defineOperation({
      name: 'approvalPolicy.remove',
      method: 'DELETE',
      path: `${path}/:id`,
      summary: 'Remove an approval policy; what waits for approval under it goes on waiting.',
      role,
      changes: 'approval policy',
      lasting: true,
      input: Type.Object({ id }, exactly),
      output: ApprovalPolicy,
      run: ({ tenantId }, input) => policies.remove(tenantId, input.id),
    }),
  ];
}
