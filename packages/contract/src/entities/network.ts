import type { Static } from 'typebox';
import { integer, nullable, record, text, time } from './schema.ts';

const prevalence = {
  organizationPrevalence: integer('Devices that connected to it in the time asked for.'),
  orgPrevalence: text('The same number as text, as older clients read it.'),
  orgFirstSeen: nullable(time('When a device first connected to it.')),
  orgLastSeen: nullable(time('When a device last connected to it.')),
};

export const IpEntity = record({ id: text('IPv4 or IPv6 address.') }, 'An address devices connected to.');
export type IpEntity = Static<typeof IpEntity>;

export const IpStats = record(
  { ipAddress: text('IPv4 or IPv6 address.'), ...prevalence },
  'How common an address is in the organisation.',
);
export type IpStats = Static<typeof IpStats>;

export const DomainEntity = record({ host: text('Name of the host.') }, 'A host devices connected to.');
export type DomainEntity = Static<typeof DomainEntity>;

export const DomainStats = record(
  { host: text('Name of the host.'), ...prevalence },
  'How common a host is in the organisation.',
);
export type DomainStats = Static<typeof DomainStats>;
