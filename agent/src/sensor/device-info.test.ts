import { describe, expect, it } from 'vitest';
import {
  deviceInfoRow,
  networkInfoRow,
  parseInterfaceNames,
  parseIpv4Gateways,
  parseNameServers,
  parseOsRelease,
} from './device-info.ts';
import { refusal } from './test-samples.ts';

const T = '2026-11-24T00:00:00.0000000Z';

describe('device facts', () => {
  it('are read out of the system files', () => {
    expect(parseOsRelease(`ID=debian\nPRETTY_NAME="Debian \\"12\\""\nVERSION_ID='12'\n# x\n`)).toEqual({
      ID: 'debian',
      PRETTY_NAME: 'Debian "12"',
      VERSION_ID: '12',
    });
    expect(
      parseIpv4Gateways(
        'Iface\tDestination\tGateway\neth0\t00000000\t010200C0\t0003\neth0\t000200C0\t00000000\t0001\n',
      ),
    ).toEqual([{ adapter: 'eth0', gateway: '192.0.2.1' }]);
    expect(
      parseNameServers('# nameserver 1.1.1.1\nnameserver 192.0.2.53\n nameserver 2001:db8::53\n'),
    ).toEqual(['192.0.2.53', '2001:db8::53']);
    expect(parseInterfaceNames('Inter-|\n face |\n    lo: 1 2\n  eth0:3 4\n')).toEqual(['lo', 'eth0']);
  });

  it('make rows the hunting tables take', () => {
    const info = deviceInfoRow(T, {
      osRelease: { ID: 'ubuntu', VERSION_ID: '24.04', PRETTY_NAME: 'Ubuntu 24.04 LTS' },
      kernel: '6.8.0',
      architecture: 'arm64',
      vendor: 'LENOVO',
      model: 'X1',
      hardwareUuid: 'u',
      chassis: 10,
      users: ['ann'],
      domain: 'host',
      agentVersion: '1.2.3',
      processor: 'p',
      sensor: {},
    });
    expect(info).toMatchObject({
      OSPlatform: 'Linux',
      OSDistribution: 'Ubuntu',
      OSVersion: '24.04',
      OSArchitecture: '64-bit',
      DeviceType: 'Workstation',
    });
    expect(info.LoggedOnUsers).toBe('[{"UserName":"ann","DomainName":"host"}]');
    const adapter = networkInfoRow(
      T,
      {
        name: 'wlan0',
        mac: 'aa:bb:cc:00:00:01',
        type: 1,
        wireless: true,
        state: 'up',
        addresses: [{ address: '10.0.0.5', cidr: '10.0.0.5/24' }],
      },
      ['10.0.0.1'],
      ['10.0.0.53'],
    );
    expect(adapter).toMatchObject({
      NetworkAdapterType: 'Wireless80211',
      NetworkAdapterStatus: 'Up',
      IPAddresses: '[{"IPAddress":"10.0.0.5","SubnetPrefix":24,"AddressType":"Private"}]',
      DefaultGateways: '["10.0.0.1"]',
    });
    expect([info, adapter].map(refusal)).toEqual([null, null]);
  });
});
