/** Folds what a device reports about itself (DeviceInfo and DeviceNetworkInfo rows) into its profile. Pure. */
import { isIP } from 'node:net';
import { type ExposureLevel, exposureLevels, isStorable } from '@merlon/contract';

export interface InterfaceAddress {
  readonly ipAddress: string;
  readonly macAddress: string | null;
  readonly type: string | null;
  readonly operationalStatus: string | null;
}

/** Where a virtual machine runs, as the device tells it. */
export interface VirtualMachine {
  readonly vmId: string | null;
  readonly cloudProvider: string;
  readonly resourceId: string | null;
  readonly subscriptionId: string | null;
}

/** Who is signed in, as DeviceInfo has it. */
export interface SignedIn {
  readonly UserName: string;
  readonly DomainName: string;
}

/** Only what the rows said; an absent key leaves the stored value as it is. */
export interface ProfilePatch {
  osDistribution?: string;
  osVersion?: string;
  osBuild?: number;
  agentVersion?: string;
  isAadJoined?: boolean;
  aadDeviceId?: string;
  deviceTag?: string;
  lastIp?: string;
  addresses?: InterfaceAddress[];
  mergedInto?: string;
  isExcluded?: boolean;
  exclusionReason?: string | null;
  exposureLevel?: ExposureLevel;
  model?: string;
  hostDeviceId?: string;
  virtualMachine?: VirtualMachine;
  signedIn?: SignedIn[];
}

type Row = Readonly<Record<string, unknown>>;

const ADDRESS_LIMIT = 128;
const SIGNED_IN_LIMIT = 32;

export function foldDeviceInfo(patch: ProfilePatch, row: Row): void {
  const text = (column: string) =>
    typeof row[column] === 'string' && row[column] !== '' ? row[column] : undefined;
  assign(patch, 'osDistribution', text('OSDistribution'));
  assign(patch, 'osVersion', text('OSVersion'));
  assign(patch, 'osBuild', typeof row.OSBuild === 'number' ? row.OSBuild : undefined);
  assign(patch, 'agentVersion', text('ClientVersion'));
  assign(patch, 'isAadJoined', typeof row.IsAzureADJoined === 'boolean' ? row.IsAzureADJoined : undefined);
  assign(patch, 'aadDeviceId', text('AadDeviceId'));
  assign(patch, 'deviceTag', text('RegistryDeviceTag'));
  // What it tells of other devices (MergedDeviceIds) is theirs to tell.
  assign(patch, 'mergedInto', deviceId(text('MergedToDeviceId')));
  assign(patch, 'hostDeviceId', text('HostDeviceId'));
  assign(patch, 'model', text('Model'));
  assign(
    patch,
    'exposureLevel',
    exposureLevels.find((level) => level === row.ExposureLevel),
  );
  if (typeof row.IsExcluded === 'boolean') {
    patch.isExcluded = row.IsExcluded;
    // A reason outlives no exclusion.
    patch.exclusionReason = row.IsExcluded ? (text('ExclusionReason') ?? null) : null;
  }
  assign(patch, 'virtualMachine', virtualMachineOf(text));
  assign(patch, 'signedIn', signedInOf(row.LoggedOnUsers));
}

/** The column is text that holds a JSON array; what of it names nobody is left out. Not sent: undefined. */
function signedInOf(column: unknown): SignedIn[] | undefined {
  if (typeof column !== 'string' || column === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(column);
  } catch {
    return undefined;
  }
  if (!Array.isArray(value)) return undefined;
  return value.slice(0, SIGNED_IN_LIMIT).flatMap((entry: unknown) => {
    const { UserName, DomainName } = (entry ?? {}) as Partial<Record<keyof SignedIn, unknown>>;
    return typeof UserName === 'string' && UserName !== '' && isStorable([UserName, DomainName])
      ? [{ UserName, DomainName: typeof DomainName === 'string' ? DomainName : '' }]
      : [];
  });
}

const deviceId = (told: string | undefined) =>
  told !== undefined && /^[0-9a-f]{40}$/i.test(told) ? told.toLowerCase() : undefined;

/** Each cloud has columns of its own: what they tell is worth more than the list of clouds, which may name several. */
function virtualMachineOf(text: (column: string) => string | undefined): VirtualMachine | undefined {
  const [azure, aws, google] = [
    text('AzureResourceId'),
    text('AwsResourceName'),
    text('GcpFullResourceName'),
  ];
  const vmId = text('AzureVmId') ?? null;
  if (azure !== undefined || vmId !== null)
    return {
      vmId,
      cloudProvider: 'Azure',
      resourceId: azure ?? null,
      subscriptionId: text('AzureVmSubscriptionId') ?? null,
    };
  const instance = (resource: string) => resource.split('/').at(-1) ?? null;
  if (aws !== undefined)
    return { vmId: instance(aws), cloudProvider: 'AWS', resourceId: aws, subscriptionId: null };
  if (google !== undefined)
    return { vmId: instance(google), cloudProvider: 'GCP', resourceId: google, subscriptionId: null };
  const cloud = /[A-Za-z][A-Za-z ]*/.exec(text('CloudPlatforms') ?? '')?.[0];
  return cloud === undefined
    ? undefined
    : { vmId: null, cloudProvider: cloud, resourceId: null, subscriptionId: null };
}

/**
 * One row is one adapter; a device sends all of its adapters together, so rows with the newest Timestamp of the batch form the whole
 * picture. `lastIp` is the first global address of an adapter that is up, IPv4 before IPv6.
 */
export function foldNetworkInfo(patch: ProfilePatch, rows: readonly Row[]): void {
  const newest = rows
    .map((row) => String(row.Timestamp))
    .sort()
    .at(-1);
  const addresses: InterfaceAddress[] = [];
  for (const row of rows) {
    if (String(row.Timestamp) !== newest) continue;
    for (const address of addressesOf(row.IPAddresses)) {
      if (addresses.length >= ADDRESS_LIMIT) break;
      addresses.push({
        ipAddress: address,
        macAddress:
          typeof row.MacAddress === 'string'
            ? row.MacAddress.replaceAll(/[^0-9a-fA-F]/g, '').toUpperCase()
            : null,
        type: typeof row.NetworkAdapterType === 'string' ? row.NetworkAdapterType : null,
        operationalStatus: typeof row.NetworkAdapterStatus === 'string' ? row.NetworkAdapterStatus : null,
      });
    }
  }
  if (addresses.length === 0) return;
  patch.addresses = addresses;
  const reachable = addresses.filter((a) => a.operationalStatus !== 'Down' && !isLocalOnly(a.ipAddress));
  const last = reachable.find((a) => !a.ipAddress.includes(':')) ?? reachable[0];
  if (last) patch.lastIp = last.ipAddress;
}

/**
 * The column is text that holds a JSON array. The row was checked as text; what the JSON inside says is checked here, and what is no
 * address is left out.
 */
function addressesOf(column: unknown): string[] {
  let value: unknown;
  try {
    value = JSON.parse(String(column));
  } catch {
    return [];
  }
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => {
    const address =
      typeof entry === 'object' && entry !== null && 'IPAddress' in entry ? entry.IPAddress : entry;
    return typeof address === 'string' && isIP(address) !== 0 ? [address] : [];
  });
}

function isLocalOnly(address: string): boolean {
  return (
    address.startsWith('127.') ||
    address === '::1' ||
    address.startsWith('169.254.') ||
    /^fe[89ab]/i.test(address)
  );
}

function assign<K extends keyof ProfilePatch>(
  patch: ProfilePatch,
  key: K,
  value: ProfilePatch[K] | undefined,
): void {
  if (value !== undefined) patch[key] = value;
}
