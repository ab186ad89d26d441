import { type Static, type TSchema, Type } from 'typebox';
import { flag, integer, listOf, nullable, record, text, time } from './schema.ts';

const number = (description: string) => Type.Number({ description });
const texts = (description: string): TSchema => listOf(Type.String(), description);

export const Investigation = record(
  {
    id: text('Number of the investigation, as text.'),
    startTime: nullable(time('When it began.')),
    endTime: nullable(time('When it ended.')),
    state: text('How far it is.'),
    cancelledBy: nullable(text('Who ended it.')),
    statusDetails: nullable(text('More about its state.')),
    machineId: text('Device it is about.'),
    computerDnsName: nullable(text('Name of that device.')),
    triggeringAlertId: nullable(text('Alert that began it.')),
  },
  'An automated investigation.',
);
export type Investigation = Static<typeof Investigation>;

export const MachineGroup = record(
  {
    id: integer('Number of the device group.'),
    name: text('Its name.'),
    description: text('What it is for.'),
    ungrouped: flag('Whether it holds the devices that no other group took.'),
  },
  'A device group, as the preview of the service showed it.',
);

export const Software = record(
  {
    id: text('vendor-_-product'),
    name: text('Product.'),
    vendor: text('Vendor.'),
    weaknesses: integer('Vulnerabilities.'),
    publicExploit: flag('Whether an exploit is public.'),
    activeAlert: flag('Whether an alert is about it.'),
    exposedMachines: integer('Devices exposed.'),
    impactScore: number('Impact on exposure.'),
  },
  'A product installed on devices.',
);

export const Vulnerability = record(
  {
    id: text('CVE id.'),
    name: text('Name.'),
    description: text('What it is.'),
    severity: text('Low, Medium, High or Critical.'),
    cvssV3: nullable(number('Score.')),
    exposedMachines: integer('Devices exposed.'),
    publishedOn: time('When it was published.'),
    updatedOn: time('When it was last changed.'),
    publicExploit: flag('Whether an exploit is public.'),
    exploitVerified: flag('Whether an exploit is verified.'),
    exploitInKit: flag('Whether an exploit kit has it.'),
    exploitTypes: texts('Kinds of exploit.'),
    exploitUris: texts('Where exploits are.'),
  },
  'A vulnerability.',
);

export const Recommendation = record(
  {
    id: text('va-_-vendor-_-product or sca-_-scid-number.'),
    productName: text('Product.'),
    recommendationName: text('What to do.'),
    weaknesses: integer('Vulnerabilities.'),
    vendor: text('Vendor.'),
    recommendedVersion: nullable(text('Version to go to.')),
    recommendationCategory: text('Area.'),
    severityScore: number('Impact.'),
    remediationType: text('Kind of remedy.'),
    status: text('Active or Exception.'),
    totalMachineCount: integer('Devices it applies to.'),
    exposedMachinesCount: integer('Devices exposed.'),
  },
  'A security recommendation.',
);

export const ProductFix = record(
  {
    id: text('Number of the update.'),
    name: text('Its name.'),
    productsNames: texts('Products it is for.'),
    url: text('Where it is.'),
    machineMissedOn: integer('Devices that lack it.'),
    cveAddressed: integer('Vulnerabilities it closes.'),
  },
  'A missing update.',
);
