import type { Static } from 'typebox';
import { flag, integer, nullable, record, text, time } from './schema.ts';

export const UserEntity = record(
  {
    id: text('Account as domain\\name.'),
    accountName: text('Name of the account.'),
    accountDomain: text('Domain of the account, or the device it is local to.'),
    accountSid: nullable(text('Security identifier.')),
    firstSeen: time('When it first signed in.'),
    lastSeen: time('When it last signed in.'),
    mostPrevalentMachineId: nullable(text('Device with its sign-ins in the most hours.')),
    leastPrevalentMachineId: nullable(text('Device with its sign-ins in the fewest hours.')),
    logonTypes: text('Kinds of sign-in, separated by commas.'),
    logOnMachinesCount: nullable(integer('Devices it signed in to.')),
    isDomainAdmin: nullable(flag('Whether it administers its domain. Null: devices do not tell.')),
    isOnlyNetworkUser: nullable(flag('Whether all its sign-ins came over the network.')),
  },
  'An account that signed in to devices.',
);
export type UserEntity = Static<typeof UserEntity>;
