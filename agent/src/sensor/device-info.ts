/** DeviceInfo and DeviceNetworkInfo rows: what this machine is. The parsing is pure; readings are at the end. */
import { readFileSync, readlinkSync } from 'node:fs';
import { arch, hostname, type NetworkInterfaceInfo, networkInterfaces, release } from 'node:os';
import { ipType } from './rows.ts';
import type { SensorRow } from './sensor.ts';

/** /etc/os-release: shell assignments. */
export function parseOsRelease(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const match = /^([A-Z0-9_]+)=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(.*))$/.exec(line.trim());
    const key = match?.[1];
    if (match === null || key === undefined) continue;
    found[key] = (match[2]?.replace(/\\(.)/g, '$1') ?? match[3] ?? match[4] ?? '').trim();
  }
  return found;
}

const DISTRIBUTIONS: Record<string, string> = {
  debian: 'Debian',
  ubuntu: 'Ubuntu',
  rhel: 'RedHatEnterpriseLinux',
  centos: 'CentOS',
  fedora: 'Fedora',
  rocky: 'Rocky',
  almalinux: 'AlmaLinux',
  sles: 'SUSE',
  opensuse: 'openSUSE',
  amzn: 'AmazonLinux',
  ol: 'OracleLinux',
  alpine: 'Alpine',
  arch: 'Arch',
};

export interface DeviceFacts {
  osRelease: Record<string, string>;
  kernel: string;
  architecture: string;
  vendor: string;
  model: string;
  hardwareUuid: string;
  /** SMBIOS chassis type. */
  chassis: number;
  users: string[];
  domain: string;
  agentVersion: string | undefined;
  processor: string;
  /** What the sensor could not see or had to drop. */
  sensor: Record<string, unknown>;
}

/** Portable, laptop, notebook, hand held, sub notebook, tablet, convertible, detachable. */
const PORTABLE = new Set([8, 9, 10, 11, 14, 30, 31, 32]);
const DESKTOP = new Set([3, 4, 5, 6, 7, 13, 15, 16]);

export function deviceInfoRow(timestamp: string, f: DeviceFacts): SensorRow {
  const id = f.osRelease.ID ?? '';
  const row: SensorRow = {
    Table: 'DeviceInfo',
    Timestamp: timestamp,
    OSPlatform: 'Linux',
    OSDistribution: DISTRIBUTIONS[id] ?? f.osRelease.NAME ?? 'Linux',
    OSVersion: f.osRelease.VERSION_ID ?? '',
    OSVersionInfo: f.osRelease.PRETTY_NAME ?? '',
    OSArchitecture: ['x64', 'arm64', 'ppc64', 's390x', 'riscv64', 'loong64'].includes(f.architecture)
      ? '64-bit'
      : '32-bit',
    OnboardingStatus: 'Onboarded',
    DeviceCategory: 'Endpoint',
    DeviceType: PORTABLE.has(f.chassis) || DESKTOP.has(f.chassis) ? 'Workstation' : 'Server',
    Vendor: f.vendor,
    Model: f.model,
    HardwareUuid: f.hardwareUuid,
    LoggedOnUsers: JSON.stringify(f.users.map((name) => ({ UserName: name, DomainName: f.domain }))),
    AdditionalFields: JSON.stringify({
      KernelVersion: f.kernel,
      Processor: f.processor,
      Sensor: f.sensor,
    }),
  };
  if (f.agentVersion !== undefined) row.ClientVersion = f.agentVersion;
  return row;
}

/** /proc/net/route: default gateways by interface. Addresses are hex words of the machine's order. */
export function parseIpv4Gateways(text: string): { adapter: string; gateway: string }[] {
  const found: { adapter: string; gateway: string }[] = [];
  for (const line of text.split('\n').slice(1)) {
    const [adapter, destination, gateway] = line.trim().split(/\s+/);
    if (
      adapter === undefined ||
      destination !== '00000000' ||
      gateway === undefined ||
      !/^[0-9A-F]{8}$/.test(gateway)
    )
      continue;
    const bytes = Buffer.from(gateway, 'hex').reverse();
    if (bytes.readUInt32BE(0) !== 0) found.push({ adapter, gateway: [...bytes].join('.') });
  }
  return found;
}

export function parseNameServers(text: string): string[] {
  const found: string[] = [];
  for (const line of text.split('\n')) {
    const server = /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
    if (server !== undefined) found.push(server);
  }
  return found;
}

export interface AdapterFacts {
  name: string;
  mac: string;
  /** ARPHRD_ number of /sys/class/net/<name>/type. */
  type: number;
  wireless: boolean;
  state: string;
  addresses: Pick<NetworkInterfaceInfo, 'address' | 'cidr'>[];
}

/** .NET's NetworkInterfaceType names. */
function adapterType(a: AdapterFacts): string {
  if (a.wireless) return 'Wireless80211';
  switch (a.type) {
    case 1:
      return 'Ethernet';
    case 772:
      return 'Loopback';
    case 512:
      return 'Ppp';
    case 768:
    case 769:
    case 776:
    case 778:
    case 65534:
      return 'Tunnel';
    default:
      return 'Unknown';
  }
}

const STATES: Record<string, string> = {
  up: 'Up',
  down: 'Down',
  dormant: 'Dormant',
  notpresent: 'NotPresent',
  lowerlayerdown: 'LowerLayerDown',
  testing: 'Testing',
};

export function networkInfoRow(
  timestamp: string,
  a: AdapterFacts,
  gateways: readonly string[],
  nameServers: readonly string[],
): SensorRow {
  const row: SensorRow = {
    Table: 'DeviceNetworkInfo',
    Timestamp: timestamp,
    NetworkAdapterName: a.name,
    MacAddress: a.mac.toUpperCase(),
    NetworkAdapterType: adapterType(a),
    // Loopback and tunnels have no carrier to speak of: "unknown" there means in use.
    NetworkAdapterStatus: STATES[a.state] ?? (a.addresses.length > 0 ? 'Up' : 'Unknown'),
    IPAddresses: JSON.stringify(
      a.addresses.map(({ address, cidr }) => ({
        IPAddress: address,
        SubnetPrefix: Number(cidr?.split('/')[1] ?? 0),
        AddressType: ipType(address),
      })),
    ),
    DefaultGateways: JSON.stringify(gateways),
    DnsAddresses: JSON.stringify(nameServers),
  };
  return row;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

/** Firmware writes these where a maker left the field empty. */
const PLACEHOLDER = /^(to be filled by o\.e\.m\.|default string|none|not specified|0+|n\/a)$/i;

function firmware(name: string): string {
  const value = read(`/sys/class/dmi/id/${name}`);
  return PLACEHOLDER.test(value) ? '' : value;
}

export function readDeviceFacts(
  own: Pick<DeviceFacts, 'users' | 'domain' | 'agentVersion' | 'sensor'>,
): DeviceFacts {
  const cpu = read('/proc/cpuinfo');
  return {
    ...own,
    osRelease: parseOsRelease(read('/etc/os-release') || read('/usr/lib/os-release')),
    kernel: release(),
    architecture: arch(),
    vendor: firmware('sys_vendor'),
    model: firmware('product_name'),
    hardwareUuid: firmware('product_uuid').toLowerCase(),
    chassis: Number(read('/sys/class/dmi/id/chassis_type') || 0),
    processor: /^model name\s*:\s*(.+)$/m.exec(cpu)?.[1] ?? arch(),
  };
}

function isWireless(name: string): boolean {
  try {
    readlinkSync(`/sys/class/net/${name}/phy80211`);
    return true;
  } catch {
    return false;
  }
}

/** Interface names in /proc/net/dev, which always shows the reader's own network namespace; /sys may show another's. */
export function parseInterfaceNames(text: string): string[] {
  return text
    .split('\n')
    .slice(2)
    .map((line) => line.slice(0, Math.max(0, line.indexOf(':'))).trim())
    .filter((name) => name !== '');
}

export function readAdapters(): AdapterFacts[] {
  const addresses = networkInterfaces();
  return parseInterfaceNames(read('/proc/net/dev')).map((name) => ({
    name,
    mac: addresses[name]?.[0]?.mac ?? read(`/sys/class/net/${name}/address`),
    type: Number(read(`/sys/class/net/${name}/type`) || 1),
    wireless: isWireless(name),
    state: read(`/sys/class/net/${name}/operstate`),
    addresses: addresses[name] ?? [],
  }));
}

export function readGateways(): { adapter: string; gateway: string }[] {
  return parseIpv4Gateways(read('/proc/net/route'));
}

export function readNameServers(): string[] {
  return parseNameServers(read('/etc/resolv.conf'));
}

export function accountDomain(): string {
  return hostname().split('.')[0]?.toLowerCase() ?? '';
}
