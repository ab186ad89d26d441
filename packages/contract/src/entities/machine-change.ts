import { type Static, Type } from 'typebox';
import { deviceValues } from './machine.ts';
import { choice, listOf, record } from './schema.ts';

const tag = Type.String({ minLength: 1, maxLength: 200, description: 'A tag.' });
const action = choice(['Add', 'Remove'] as const, 'Whether the tag comes or goes.');
const value = choice(deviceValues, 'Worth to the organisation.');

export const MachineTagChange = record({ Value: tag, Action: action }, 'A tag that comes or goes.');
export type MachineTagChange = Static<typeof MachineTagChange>;

export const MachinesTagChange = record(
  { Value: tag, Action: action, MachineIds: listOf(Type.String(), 'Ids of devices.') },
  'A tag that comes or goes on many devices.',
);

export const DeviceValueChange = record({ DeviceValue: value }, 'What a device is worth.');

export const MachineUpdate = Type.Object(
  {
    machineTags: Type.Optional(
      Type.Array(tag, { maxItems: 100, description: 'Tags in place of those given before.' }),
    ),
    deviceValue: Type.Optional(value),
  },
  { additionalProperties: false, minProperties: 1, description: 'A change to a device.' },
);
