/** A device group as data. */
import { type Static, Type } from 'typebox';

/** What happens to threats on devices of the group by themselves (rbac.md, remediation levels). */
export const remediationLevels = [
  'Full',
  'SemiAllFolders',
  'SemiNonTempFolders',
  'SemiCoreFolders',
  'None',
] as const;

export const conditionProperties = ['name', 'domain', 'tag', 'osPlatform'] as const;
export const conditionOperators = ['equals', 'startsWith', 'endsWith', 'contains'] as const;

export const Condition = Type.Object(
  {
    property: Type.Enum([...conditionProperties]),
    operator: Type.Enum([...conditionOperators]),
    value: Type.String({ minLength: 1, maxLength: 256 }),
  },
  { additionalProperties: false },
);
export type Condition = Static<typeof Condition>;

/** As the portal's form has it: ten rows of each property at most. */
export const Conditions = Type.Array(Condition, { minItems: 1, maxItems: 40 });

export const DeviceGroup = Type.Object({
  /** `machine.rbacGroupId` of its devices. */
  id: Type.Integer(),
  name: Type.String(),
  description: Type.String(),
  /** 1 comes first. Null for the group of devices that no other took. */
  rank: Type.Union([Type.Integer(), Type.Null()]),
  remediationLevel: Type.Enum([...remediationLevels]),
  /** Of one property any, of different properties each must hold. Letter case does not matter. */
  conditions: Type.Array(Condition),
  /** Whose members may see its devices. Empty: everybody who may sign in. */
  userGroups: Type.Array(Type.String()),
  devices: Type.Integer(),
  ungrouped: Type.Boolean(),
});
export type DeviceGroup = Static<typeof DeviceGroup>;

/** Devices that no group took. */
export const UNGROUPED_ID = 0;
/** Its name on the wire: rbac.md section 4. */
export const UNGROUPED_NAME = 'UnassignedGroup';
