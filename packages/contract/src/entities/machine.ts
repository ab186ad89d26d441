import { type Static, Type } from 'typebox';
import { choice, flag, integer, listOf, nullable, record, text, time } from './schema.ts';

export const healthStatuses = [
  'Active',
  'Inactive',
  'ImpairedCommunication',
  'NoSensorData',
  'NoSensorDataImpairedCommunication',
  'Unknown',
] as const;
export type HealthStatus = (typeof healthStatuses)[number];

export const onboardingStatuses = ['Onboarded', 'CanBeOnboarded', 'Unsupported', 'InsufficientInfo'] as const;
export type OnboardingStatus = (typeof onboardingStatuses)[number];

export const deviceValues = ['Normal', 'Low', 'High'] as const;
export type DeviceValue = (typeof deviceValues)[number];

export const riskScores = ['None', 'Informational', 'Low', 'Medium', 'High'] as const;
export type RiskScore = (typeof riskScores)[number];

export const exposureLevels = ['None', 'Low', 'Medium', 'High'] as const;
export type ExposureLevel = (typeof exposureLevels)[number];

export const osArchitectures = ['32-bit', '64-bit'] as const;
export type OsArchitecture = (typeof osArchitectures)[number];

export const IpAddress = record(
  {
    ipAddress: text('IPv4 or IPv6 address.'),
    macAddress: nullable(text('Hardware address: 12 hex digits without separators.')),
    operationalStatus: nullable(text('State of the adapter, such as Up.')),
    type: nullable(text('Kind of adapter, such as Ethernet.')),
  },
  'An address of a device.',
);
export type IpAddress = Static<typeof IpAddress>;

export const VmMetadata = record(
  {
    vmId: nullable(text('Id of the virtual machine in its cloud, such as a GUID.')),
    cloudProvider: text('Cloud it runs in, such as Azure.'),
    resourceId: nullable(text('Resource id in the cloud.')),
    subscriptionId: nullable(text('Subscription that owns it, a GUID.')),
  },
  'Where a virtual machine runs.',
);
export type VmMetadata = Static<typeof VmMetadata>;

export const Machine = record(
  {
    id: text('Id of the device: 40 hex digits.'),
    mergedIntoMachineId: nullable(text('Device whose record took this one over.')),
    isPotentialDuplication: flag('Whether another record may be the same device.'),
    isExcluded: flag('Whether it is left out of vulnerability views.'),
    exclusionReason: nullable(text('Why it is left out.')),
    computerDnsName: nullable(text('Name of the device, fully qualified where known.')),
    firstSeen: time('When it first reported.'),
    lastSeen: time('When it last sent a full report.'),
    osPlatform: text('Operating system family and edition, such as Windows11 or Linux.'),
    osVersion: nullable(text('Version of the operating system.')),
    osProcessor: nullable(text('Processor architecture, such as x64.')),
    osArchitecture: nullable(choice(osArchitectures, 'Word size of the operating system.')),
    version: nullable(text('Feature version of the operating system, such as 22H2.')),
    agentVersion: nullable(text('Version of the agent.')),
    osBuild: nullable(integer('Build number of the operating system.')),
    lastIpAddress: nullable(text('Last address of its own.')),
    lastExternalIpAddress: nullable(text('Last address from which it reached the service.')),
    healthStatus: choice(healthStatuses, 'Whether the agent reports as it should.'),
    onboardingStatus: choice(onboardingStatuses, 'Whether it is enrolled.'),
    defenderAvStatus: nullable(text('State of the antivirus, such as Updated or NotSupported.')),
    deviceValue: nullable(choice(deviceValues, 'Worth to the organisation.')),
    rbacGroupId: nullable(integer('Device group it belongs to; 0 for none.')),
    rbacGroupName: nullable(text('Name of that device group.')),
    riskScore: nullable(choice(riskScores, 'Risk, from its open alerts.')),
    exposureLevel: nullable(choice(exposureLevels, 'Exposure, from its weaknesses.')),
    isAadJoined: nullable(flag('Whether it is joined to the cloud directory.')),
    aadDeviceId: nullable(text('Its id in the cloud directory, a GUID.')),
    machineTags: listOf(Type.String(), 'Its tags.'),
    managedBy: nullable(text('What manages it.')),
    managedByStatus: nullable(text('State of its management.')),
    ipAddresses: nullable(listOf(IpAddress, 'Its addresses.')),
    vmMetadata: nullable(VmMetadata),
    parentDevice: nullable(text('Device it runs on.')),
    exposureScore: nullable(choice(exposureLevels, 'Name of exposureLevel in 2020.')),
    systemProductName: nullable(text('Hardware model.')),
    groupName: nullable(text('Older name of rbacGroupName.')),
  },
  'A device.',
);
export type Machine = Static<typeof Machine>;
