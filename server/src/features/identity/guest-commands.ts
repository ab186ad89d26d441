/** `merlon guest` */
import type { RegisterCommands } from '../../feature.ts';
import { columns, registerCommands } from '../../management/command-table.ts';
import type { Guest } from './guests.ts';

const line = ({ id, user, status, expiresAt }: Guest) => [id, user, status, expiresAt];

export const guestCommands: RegisterCommands = (program, context) =>
  registerCommands(program, context, {
    name: 'guest',
    help: 'people of other tenants who may act in a tenant',
    commands: [
      {
        name: 'list',
        help: 'guests of a tenant, also invited and former ones',
        calls: 'guest.list',
        human: ({ value }: { value: Guest[] }) => columns(value.map(line), 'None.'),
      },
      {
        name: 'invite',
        help: 'ask a person of another tenant; he accepts himself, and user groups decide what he may do',
        calls: 'guest.invite',
        args: [{ member: 'user', help: 'principal name in his own tenant' }],
        options: [
          { flags: '--display-name <name>', help: 'name for people', member: 'displayName' },
          {
            flags: '--days <days>',
            help: 'days until it ends; 365 when absent',
            member: 'days',
            read: Number,
          },
        ],
        human: (guest: Guest) => line(guest).join('  '),
      },
      {
        name: 'withdraw',
        help: 'let a guest act in the tenant no more',
        calls: 'guest.withdraw',
        args: [{ member: 'id', help: 'id of the guest, as `guest list` shows it' }],
        human: ({ user }: Guest) => `${user} may not act here any more.`,
      },
    ],
  });
