import { type Static, Type } from 'typebox';
import { investigationStates } from './alert.ts';
import { choice, flag, integer, listOf, nullable, record, text, time } from './schema.ts';

const number = (description: string) => Type.Number({ description });
const texts = (description: string) => listOf(Type.String(), description);

export const Investigation = record(
  {
    id: text('Number of the investigation, as text.'),
    startTime: nullable(time('When it began.')),
    endTime: nullable(time('When it ended.')),
    state: choice(investigationStates, 'How far it is.'),
    cancelledBy: nullable(text('Who ended it.')),
    statusDetails: nullable(text('More about its state.')),
    machineId: text('Device it is about.'),
    computerDnsName: nullable(text('Name of that device.')),
    triggeringAlertId: nullable(text('Alert that began it.')),
  },
  'An automated investigation.',
);

export const MachineGroup = record(
  {
    id: integer('Number of the device group, as rbacGroupId of its devices.'),
    name: text('Its name.'),
    description: text('What it is for.'),
    ungrouped: flag('Whether it holds the devices that no other group took.'),
  },
  'A device group, as the preview of the service showed it.',
);
export type MachineGroup = Static<typeof MachineGroup>;

export const Software = record(
  {
    id: text('vendor-_-product'),
    name: text('Product.'),
    vendor: text('Vendor.'),
    weaknesses: integer('Vulnerabilities.'),
    publicExploit: flag('Whether an exploit is public.'),
    activeAlert: flag('Whether an alert is about it.'),
    exposedMachines: integer('Devices exposed.'),
    installedMachines: nullable(integer('Devices that have it.')),
    impactScore: number('Impact on exposure.'),
    isNormalized: nullable(flag('Whether vendor and product are known names.')),
    category: nullable(text('Kind of product.')),
  },
  'A product installed on devices.',
);

export const Vulnerability = record(
  {
    id: text('CVE id.'),
    name: text('Name.'),
    description: text('What it is.'),
    severity: choice(['Low', 'Medium', 'High', 'Critical'] as const, 'How grave it is.'),
    cvssV3: nullable(number('Score of CVSS 3.')),
    cvssVector: nullable(text('Vector of CVSS.')),
    exposedMachines: integer('Devices exposed.'),
    publishedOn: time('When it was published.'),
    updatedOn: time('When it was last changed.'),
    firstDetected: nullable(time('When it was first found on a device.')),
    publicExploit: flag('Whether an exploit is public.'),
    exploitVerified: flag('Whether an exploit is verified.'),
    exploitInKit: flag('Whether an exploit kit has it.'),
    exploitTypes: texts('Kinds of exploit.'),
    exploitUris: texts('Where exploits are.'),
    cveSupportability: nullable(
      choice(
        ['Supported', 'Not Supported', 'SupportedInPremium'] as const,
        'Whether devices are checked for it.',
      ),
    ),
    epss: nullable(number('Likelihood of exploitation, 0 to 1.')),
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
    recommendedVendor: nullable(text('Vendor to go to.')),
    recommendedProgram: nullable(text('Product to go to.')),
    recommendationCategory: choice(
      ['Accounts', 'Application', 'Network', 'OS', 'SecurityControls'] as const,
      'Area.',
    ),
    subCategory: text('Part of the area.'),
    severityScore: number('Impact.'),
    publicExploit: flag('Whether an exploit is public.'),
    activeAlert: flag('Whether an alert is about it.'),
    associatedThreats: texts('Reports about threats that use it, GUIDs.'),
    remediationType: choice(
      ['ConfigurationChange', 'Update', 'Upgrade', 'Uninstall'] as const,
      'Kind of remedy.',
    ),
    status: choice(['Active', 'Exception'] as const, 'Whether it is asked for.'),
    configScoreImpact: number('What it adds to the configuration score.'),
    exposureImpact: number('What it takes from exposure.'),
    totalMachineCount: integer('Devices it applies to.'),
    exposedMachinesCount: integer('Devices exposed.'),
    nonProductivityImpactedAssets: integer('Devices whose users would notice nothing.'),
    relatedComponent: text('Product it is about.'),
    exposedCriticalDevices: nullable(integer('Exposed devices that are critical.')),
    tags: texts('What marks it, such as internetFacing.'),
  },
  'A security recommendation.',
);

export const ProductFix = record(
  {
    id: text('Number of the update.'),
    name: text('Its name.'),
    osBuild: nullable(integer('Build of the operating system that it brings.')),
    productsNames: texts('Products it is for.'),
    url: text('Where it is.'),
    machineMissedOn: integer('Devices that lack it.'),
    cveAddressed: integer('Vulnerabilities it closes.'),
  },
  'A missing update.',
);
