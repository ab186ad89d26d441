/**
 * Packages as the tools apply them, on machines that boot and hold nothing of Merlon: a local script, a Debian package, Ansible and cloud-init, each of which
 * fetches the agent from the server, installs its service, and has the device report. With MERLON_ONBOARDING_TOOLS=all also Puppet and an RPM.
 */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { whyNoNetwork } from '../support/hosts.ts';
import { type FreshHost, type OnboardingSite, onboardingSite } from '../support/onboarded-host.ts';
import { whyNoSystemd } from '../support/systemd-machine.ts';

const why = whyNoNetwork() ?? whyNoSystemd();
if (why) console.log(`onboarding by tools is not run: ${why}`);

const all = process.env.MERLON_ONBOARDING_TOOLS === 'all';
/** Null, or why a tool is left out, which is said by name. */
function without(tool: string, path: string, heavy = false): boolean {
  const reason =
    heavy && !all
      ? 'MERLON_ONBOARDING_TOOLS is not "all"'
      : existsSync(path)
        ? null
        : `${path} is not installed`;
  if (reason !== null) console.log(`onboarding by ${tool} is not run: ${reason}`);
  return reason !== null;
}

describe.skipIf(why)('onboarding by tools', () => {
  let site: OnboardingSite;
  beforeAll(async () => {
    site = await onboardingSite();
  });
  afterAll(async () => {
    await site?.dispose();
  });
  const campaign = async (id: string) =>
    (await site.server.call(`/api/merlon/onboarding/packages/${id}`, { token: site.token })).json();

  describe('a local script', () => {
    let host: FreshHost;
    it('fetches the agent, installs its service, and has the device report', async () => {
      host = await site.host('script');
      const made = await site.package('--tool', 'script', '--tag', 'by-script', '--name', 'Scripts');
      host.bring(made, '/root/package');
      expect((await host.run('sh', '-c', 'command -v merlon-agent node')).code).not.toBe(0);
      expect(await host.inside('sh', '/root/package/onboard.sh')).toMatch(/^onboarded to tenant/);
      expect((await host.reporting()).packageId).toBe(made.packageId);
      expect(await host.inside('systemctl', 'is-active', 'merlon-agent')).toBe('active');
      expect(await host.inside('systemctl', 'is-enabled', 'merlon-agent', 'merlon-agent-isolation')).toBe(
        'enabled\nenabled',
      );
      expect(await campaign(made.packageId)).toMatchObject({
        name: 'Scripts',
        devicesEnrolled: 1,
        devicesHeard: 1,
        computersFailing: 0,
      });
      expect(await host.inside('sh', '/root/package/onboard.sh')).toMatch(/^already onboarded/);
    });

    it('is refused by the agent when anything in it was altered', async () => {
      const other = await site.package('--tool', 'json', '--tag', 'honest');
      host.bring(other, '/root/altered');
      const file = '/root/altered/merlon_onboard.json';
      await host.inside('sed', '-i', 's/"tag": "honest"/"tag": "altered"/', file);
      const refused = await host.run('merlon-agent', 'onboard', '--package', file);
      expect([refused.code, refused.stderr]).toEqual([
        1,
        expect.stringContaining('tag in the onboarding package'),
      ]);
    });

    it('says where it stopped, and the server shows it', async () => {
      const made = await site.package('--tool', 'script');
      host.bring(made, '/root/broken');
      await host.inside(
        'sed',
        '-i',
        `s/^agent_x64='.*'/agent_x64='${'0'.repeat(64)}'/`,
        '/root/broken/onboard.sh',
      );
      await host.inside('mv', '/usr/bin/merlon-agent', '/usr/bin/merlon-agent.away');
      const failed = await host.run('sh', '/root/broken/onboard.sh');
      await host.inside('mv', '/usr/bin/merlon-agent.away', '/usr/bin/merlon-agent');
      expect([failed.code, failed.stderr]).toEqual([
        69,
        expect.stringContaining('fetching the agent failed'),
      ]);
      const { value } = (
        await site.server.call(`/api/merlon/onboarding/packages/${made.packageId}/reports`, {
          token: site.token,
        })
      ).json();
      expect(value).toMatchObject([{ computerName: 'script', stage: 'download', code: 69, resolved: false }]);
    });

    it('leaves by an offboarding package, which names its end and is refused when it is forged', async () => {
      const made = await site.package('--tool', 'script', '--offboarding', '--valid-days', '3');
      const until = made.expiresAt.slice(0, 10);
      expect(made.files.map((file) => basename(file)).sort()).toEqual([
        `merlon_offboard_valid_until_${until}.json`,
        `offboard_valid_until_${until}.sh`,
      ]);
      host.bring(made, '/root/leave');
      const [json, script] = [
        `merlon_offboard_valid_until_${until}.json`,
        `offboard_valid_until_${until}.sh`,
      ];
      await host.inside(
        'sh',
        '-c',
        `sed 's/"expiresAt": "[0-9]*/"expiresAt": "2020/' /root/leave/${json} > /root/leave/expired.json`,
      );
      const expired = await host.run('merlon-agent', 'offboard', '--package', '/root/leave/expired.json');
      expect([expired.code, expired.stderr]).toEqual([1, expect.stringContaining('expired at 2020')]);
      await host.inside(
        'sh',
        '-c',
        `sed 's/"offboardingToken": "ey/"offboardingToken": "eX/' /root/leave/${json} > /root/leave/forged.json`,
      );
      const forged = await host.run('merlon-agent', 'offboard', '--package', '/root/leave/forged.json');
      expect([forged.code, forged.stderr]).toEqual([1, expect.stringContaining('not signed by the server')]);

      expect(await host.inside('sh', `/root/leave/${script}`, '--remove')).toMatch(/^offboarded device/);
      expect((await host.run('sh', '-c', 'command -v merlon-agent')).code).not.toBe(0);
      expect((await host.run('systemctl', 'is-active', 'merlon-agent')).stdout.trim()).toBe('inactive');
      const { value } = (
        await site.server.call(`/api/merlon/onboarding/packages/${made.packageId}/reports`, {
          token: site.token,
        })
      ).json();
      expect(value).toMatchObject([{ computerName: 'script', stage: 'done', resolved: true }]);
    });
  });

  it.skipIf(without('a Debian package', '/usr/bin/dpkg'))(
    'a Debian package onboards as it is installed',
    async () => {
      const host = await site.host('deb');
      const made = await site.package('--tool', 'deb');
      host.bring(made, '/root');
      await host.inside('dpkg', '--install', '/root/merlon-onboarding.deb');
      expect((await host.reporting()).packageId).toBe(made.packageId);
      expect(await host.inside('dpkg-query', '--status', 'merlon-onboarding')).toContain(
        'Status: install ok installed',
      );
      const leaving = await site.package('--tool', 'deb', '--offboarding');
      host.bring(leaving, '/root');
      await host.inside(
        'dpkg',
        '--install',
        `/root/merlon-offboarding_valid_until_${leaving.expiresAt.slice(0, 10)}.deb`,
      );
      expect(
        await host.inside('merlon-agent', 'health', '--field', 'onboarding_state').catch(String),
      ).toContain('Offboarded');
    },
  );

  it.skipIf(without('Ansible', '/usr/bin/ansible-playbook'))(
    'an Ansible role onboards, changes nothing the second time, and offboards',
    async () => {
      const host = await site.host('ansible');
      const play = async (book: string) => {
        const { code, stdout, stderr } = await host.run(
          'env',
          'LC_ALL=C.UTF-8',
          'HOME=/root',
          'ansible-playbook',
          '-i',
          'localhost,',
          '-c',
          'local',
          book,
        );
        expect(code, stdout + stderr).toBe(0);
        return Number(/changed=(\d+)/.exec(stdout)?.[1]);
      };
      const made = await site.package('--tool', 'ansible');
      host.bring(made, '/root/ansible');
      expect(await play('/root/ansible/onboard.yml')).toBeGreaterThan(0);
      expect((await host.reporting()).packageId).toBe(made.packageId);
      expect(await play('/root/ansible/onboard.yml')).toBe(0);
      host.bring(await site.package('--tool', 'ansible', '--offboarding'), '/root/leave');
      expect(await play('/root/leave/offboard.yml')).toBeGreaterThan(0);
      expect(await play('/root/leave/offboard.yml')).toBe(0);
    },
  );

  it.skipIf(without('cloud-init', '/usr/bin/cloud-init'))(
    'cloud-init onboards a new instance from its user data',
    async () => {
      const host = await site.host('cloud');
      const made = await site.package('--tool', 'cloud-init');
      host.bring(made, '/var/lib/cloud/seed/nocloud');
      host.put('/var/lib/cloud/seed/nocloud/meta-data', 'instance-id: cloud-1\nlocal-hostname: cloud\n');
      host.put(
        '/etc/cloud/cloud.cfg.d/99-test.cfg',
        'datasource_list: [NoCloud]\nnetwork: {config: disabled}\nssh_deletekeys: false\nssh_genkeytypes: []\n',
      );
      await host.inside('cloud-init', 'schema', '--config-file', '/var/lib/cloud/seed/nocloud/user-data');
      await host.inside('cloud-init', 'init');
      await host.inside('cloud-init', 'single', '--name', 'write_files');
      await host.inside('cloud-init', 'single', '--name', 'runcmd');
      await host.inside('cloud-init', 'single', '--name', 'scripts_user');
      expect((await host.reporting()).packageId).toBe(made.packageId);
    },
  );

  it.skipIf(without('Puppet', '/usr/bin/puppet', true))(
    'a Puppet module onboards, and changes nothing the second time',
    async () => {
      const host = await site.host('puppet');
      const made = await site.package('--tool', 'puppet');
      host.bring(made, '/root/modules');
      const apply = async (manifest: string) =>
        (
          await host.run(
            'env',
            'HOME=/root',
            'puppet',
            'apply',
            '--modulepath',
            '/root/modules',
            '--detailed-exitcodes',
            '-e',
            manifest,
          )
        ).code;
      // Of Puppet's detailed exit statuses: 2 changed, 0 nothing to change.
      expect(await apply('include merlon::onboard')).toBe(2);
      expect((await host.reporting()).packageId).toBe(made.packageId);
      expect(await apply('include merlon::onboard')).toBe(0);
      host.bring(await site.package('--tool', 'puppet', '--offboarding'), '/root/modules');
      expect(await apply('include merlon::offboard')).toBe(2);
    },
  );

  it.skipIf(without('an RPM', '/usr/bin/rpm', true))('an RPM onboards as it is installed', async () => {
    const host = await site.host('rpm');
    const made = await site.package('--tool', 'rpm');
    host.bring(made, '/root');
    await host.inside('rpm', '--install', '--nodeps', '/root/merlon-onboarding.rpm');
    expect((await host.reporting()).packageId).toBe(made.packageId);
    expect(await host.inside('rpm', '--verify', '--nodeps', 'merlon-onboarding')).toBe('');
  });
});
