/**
 * A made-up computer: it starts processes, writes files and connects, and each of these becomes a hunting row as a sensor would send it.
 * Pure: rows go to a list, time is told to it.
 */
import { createHash } from 'node:crypto';
import { nowIso7 } from '@merlon/contract';
import type { Random } from './random.ts';

export type OsFamily = 'windows' | 'linux' | 'macos';
export type Row = Readonly<Record<string, unknown>> & { readonly Table: string; readonly Timestamp: string };

export interface HostDescription {
  readonly name: string;
  readonly os: OsFamily;
  readonly domain: string;
  /** The person who uses it, or the main service account. */
  readonly user: string;
  readonly address: string;
}

export interface SimulatedProcess {
  readonly fileName: string;
  /** Path with the file name, as FolderPath is on the wire. */
  readonly path: string;
  readonly commandLine: string;
  readonly pid: number;
  readonly createdAt: Date;
  readonly account: string;
  readonly parent: SimulatedProcess | null;
}

const TEMP_FILE_BYTES = [800, 900_000] as const;

export class SimulatedHost {
  readonly description: HostDescription;
  readonly rows: Row[] = [];
  /** The first process: what everything else descends from. */
  readonly root: SimulatedProcess;
  #now: Date;
  #nextPid: number;
  readonly #random: Random;

  constructor(description: HostDescription, bootedAt: Date, random: Random) {
    this.description = description;
    this.#random = random;
    this.#now = bootedAt;
    this.#nextPid = random.whole(400, 4_000);
    const { os } = description;
    const path = {
      windows: 'C:\\Windows\\explorer.exe',
      linux: '/usr/lib/systemd/systemd',
      macos: '/sbin/launchd',
    }[os];
    this.root = {
      fileName: baseName(path),
      path,
      commandLine: path,
      pid: os === 'windows' ? this.#pid() : 1,
      createdAt: bootedAt,
      account: os === 'windows' ? description.user : 'root',
      parent: null,
    };
  }

  get now(): Date {
    return this.#now;
  }

  /** Lets time pass: to a moment, or by so many milliseconds. */
  wait(until: Date | number): void {
    this.#now = typeof until === 'number' ? new Date(this.#now.getTime() + until) : until;
  }

  start(
    parent: SimulatedProcess,
    path: string,
    commandLine: string,
    account = parent.account,
  ): SimulatedProcess {
    this.wait(this.#random.whole(20, 900));
    const process: SimulatedProcess = {
      fileName: baseName(path),
      path,
      commandLine,
      pid: this.#pid(),
      createdAt: this.#now,
      account,
      parent,
    };
    this.#emit('DeviceProcessEvents', 'ProcessCreated', parent, {
      FileName: process.fileName,
      FolderPath: path,
      ...hashes(path),
      FileSize: this.#random.whole(20_000, 4_000_000),
      ProcessId: process.pid,
      ProcessCommandLine: commandLine,
      ProcessCreationTime: this.#time(),
      AccountDomain: this.description.domain,
      AccountName: account,
      ...(this.description.os === 'windows'
        ? { ProcessIntegrityLevel: 'Medium', ProcessTokenElevation: 'TokenElevationTypeDefault' }
        : {}),
    });
    return process;
  }

  file(
    by: SimulatedProcess,
    path: string,
    action: 'FileCreated' | 'FileModified' | 'FileDeleted' = 'FileCreated',
    more: object = {},
  ): void {
    this.wait(this.#random.whole(5, 300));
    this.#emit('DeviceFileEvents', action, by, {
      FileName: baseName(path),
      FolderPath: path,
      ...hashes(path),
      FileSize: this.#random.whole(...TEMP_FILE_BYTES),
      ...more,
    });
  }

  connect(by: SimulatedProcess, remote: { ip: string; port: number; url?: string }): void {
    this.wait(this.#random.whole(5, 400));
    this.#emit('DeviceNetworkEvents', 'ConnectionSuccess', by, {
      RemoteIP: remote.ip,
      RemotePort: remote.port,
      ...(remote.url ? { RemoteUrl: remote.url } : {}),
      LocalIP: this.description.address,
      LocalPort: this.#random.whole(32_768, 60_999),
      Protocol: 'Tcp',
      RemoteIPType: remote.ip.startsWith('10.') ? 'Private' : 'Public',
      LocalIPType: 'Private',
    });
  }

  registry(by: SimulatedProcess, key: string, name: string, data: string): void {
    this.wait(this.#random.whole(5, 300));
    this.#emit('DeviceRegistryEvents', 'RegistryValueSet', by, {
      RegistryKey: key,
      RegistryValueName: name,
      RegistryValueType: 'String',
      RegistryValueData: data,
    });
  }

  logon(
    by: SimulatedProcess,
    account: string,
    outcome: 'LogonSuccess' | 'LogonFailed',
    from: string | null,
  ): void {
    this.wait(this.#random.whole(5, 300));
    this.#emit('DeviceLogonEvents', outcome, by, {
      AccountDomain: this.description.domain,
      AccountName: account,
      LogonType: from === null ? 'Interactive' : 'Network',
      ...(from === null
        ? {}
        : { RemoteIP: from, RemoteIPType: from.startsWith('10.') ? 'Private' : 'Public' }),
      ...(outcome === 'LogonFailed' ? { FailureReason: 'InvalidUserNameOrPassword' } : {}),
    });
  }

  event(by: SimulatedProcess, actionType: string, columns: object): void {
    this.wait(this.#random.whole(5, 300));
    this.#emit('DeviceEvents', actionType, by, columns);
  }

  /** What a device says of itself when it starts and every hour. */
  heartbeat(agentVersion: string): void {
    const { os, user, domain, address } = this.description;
    const at = this.#time();
    this.rows.push({
      Table: 'DeviceInfo',
      Timestamp: at,
      ClientVersion: agentVersion,
      OSPlatform: OS_FACTS[os].platform,
      OSVersion: OS_FACTS[os].version,
      OSArchitecture: '64-bit',
      OSDistribution: OS_FACTS[os].distribution,
      OnboardingStatus: 'Onboarded',
      DeviceType: os === 'linux' ? 'Server' : 'Workstation',
      LoggedOnUsers: JSON.stringify([{ UserName: user, DomainName: domain }]),
    });
    this.rows.push({
      Table: 'DeviceNetworkInfo',
      Timestamp: at,
      NetworkAdapterName: os === 'windows' ? 'Ethernet' : 'en0',
      NetworkAdapterType: 'Ethernet',
      NetworkAdapterStatus: 'Up',
      MacAddress: hashes(this.description.name).SHA1.slice(0, 12).toUpperCase(),
      IPAddresses: JSON.stringify([{ IPAddress: address, SubnetPrefix: 24, AddressType: 'Private' }]),
    });
  }

  #emit(table: string, actionType: string, by: SimulatedProcess, columns: object): void {
    this.rows.push({
      Table: table,
      Timestamp: this.#time(),
      ActionType: actionType,
      ...columns,
      ...this.#initiating(by),
    });
  }

  #initiating(by: SimulatedProcess) {
    return {
      InitiatingProcessFileName: by.fileName,
      InitiatingProcessFolderPath: by.path,
      InitiatingProcessId: by.pid,
      InitiatingProcessCommandLine: by.commandLine,
      InitiatingProcessCreationTime: nowIso7(by.createdAt),
      InitiatingProcessAccountDomain: this.description.domain,
      InitiatingProcessAccountName: by.account,
      InitiatingProcessSHA1: hashes(by.path).SHA1,
      InitiatingProcessSHA256: hashes(by.path).SHA256,
      ...(by.parent
        ? {
            InitiatingProcessParentId: by.parent.pid,
            InitiatingProcessParentFileName: by.parent.fileName,
            InitiatingProcessParentCreationTime: nowIso7(by.parent.createdAt),
          }
        : {}),
    };
  }

  #time(): string {
    return nowIso7(this.#now);
  }

  #pid(): number {
    this.#nextPid += this.#random.whole(1, 9) * (this.description.os === 'windows' ? 4 : 1);
    return this.#nextPid;
  }
}

export const OS_FACTS = {
  windows: {
    platform: 'Windows11',
    version: '10.0',
    distribution: 'Windows 11',
    build: 22_631,
    processor: 'x64',
  },
  linux: { platform: 'Linux', version: '12', distribution: 'Debian', build: 0, processor: 'x64' },
  macos: { platform: 'macOS', version: '14.5', distribution: 'macOS', build: 0, processor: 'arm64' },
} as const;

/** The same file has the same hashes on every simulated computer. */
function hashes(path: string): { SHA1: string; SHA256: string; MD5: string } {
  const of = (algorithm: string) => createHash(algorithm).update(`merlon demo ${path}`).digest('hex');
  return { SHA1: of('sha1'), SHA256: of('sha256'), MD5: of('md5') };
}

function baseName(path: string): string {
  return path.split(/[\\/]/).at(-1) ?? path;
}
