/** Folds what a device reports about itself (DeviceInfo and DeviceNetworkInfo rows) into its profile. Pure. */
import { isIP } from 'node:net';

export interface InterfaceAddress {
  readonly ipAddress: string;
  readonly macAddress: string | null;
  readonly type: string | null;
  readonly operationalStatus: string | null;
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
}

type Row = Readonly<Record<string, unknown>>;

const ADDRESS_LIMIT = 128;

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
