/** The tools that packages are made for, as data. What each is made of lies in `deploy/onboarding/<folder>/{onboard,offboard}`. */

export const packageSystems = ['linux', 'windows', 'macos'] as const;
export type PackageSystem = (typeof packageSystems)[number];

/** `onboarding`: lets devices join. `offboarding`: takes them out; good for days only. */
export const packageKinds = ['onboarding', 'offboarding'] as const;
export type PackageKind = (typeof packageKinds)[number];

export interface PackageTool {
  readonly os: PackageSystem;
  /** As the command line names it. */
  readonly tool: string;
  readonly title: string;
  /** How it is applied, in a line. */
  readonly use: string;
  readonly folder: string;
  /** The files as they are, or a package of the system made of them. */
  readonly packed: 'files' | 'deb' | 'rpm';
}

type Row = readonly [tool: string, title: string, use: string, folder?: string, packed?: 'deb' | 'rpm'];

const rows: Readonly<Record<PackageSystem, readonly Row[]>> = {
  linux: [
    ['script', 'Local script', 'As root: sh onboard.sh'],
    ['json', 'Onboarding information alone', 'merlon-agent onboard --package merlon_onboard.json'],
    ['ansible', 'Ansible role', 'ansible-playbook -i INVENTORY onboard.yml'],
    ['puppet', 'Puppet module', 'include merlon::onboard'],
    ['chef', 'Chef cookbook', 'Run list: recipe[merlon_onboard]'],
    ['salt', 'SaltStack state', "salt '*' state.apply merlon.onboard"],
    ['cloud-init', 'cloud-init user data', 'Give it as user data to a new instance'],
    ['aws', 'AWS EC2 user data and launch template', 'Give it as user data to a new instance'],
    ['gcp', 'Google Compute Engine start-up script', 'Give it as metadata startup-script'],
    [
      'azure',
      'Azure VM extension, ARM and Bicep',
      'az deployment group create --template-file azuredeploy.json',
    ],
    ['intune', 'Intune script and custom compliance', 'Devices > Scripts, and a compliance policy'],
    ['container', 'Container image and compose', 'docker compose up --build --detach'],
    ['kubernetes', 'Kubernetes DaemonSet', 'kubectl apply -f merlon-agent.yaml'],
    ['helm', 'Helm chart', 'helm install merlon-agent ./merlon-agent --namespace merlon'],
    ['deb', 'Debian package', 'apt-get install ./merlon-onboarding.deb', 'linux/system-package', 'deb'],
    ['rpm', 'RPM package', 'dnf install ./merlon-onboarding.rpm', 'linux/system-package', 'rpm'],
  ],
  windows: [
    ['script', 'Local script', 'In an elevated prompt: MerlonOnboardingScript.cmd'],
    [
      'group-policy',
      'Group Policy',
      'An immediate scheduled task as SYSTEM; ADMX and ADML to the central store',
    ],
    [
      'configuration-manager',
      'Microsoft Endpoint Configuration Manager',
      'An application with the detection method, and a compliance rule',
    ],
    ['intune', 'Intune', 'A custom profile (OMA-URI), or a Win32 app'],
    ['vdi', 'Non-persistent VDI', 'Start-up scripts of the golden image, which is not itself onboarded'],
    [
      'azure',
      'Azure VM run command, ARM and Bicep',
      'az deployment group create --template-file azuredeploy.json',
    ],
  ],
  macos: [
    ['script', 'Local script', 'As root: sh onboard.sh'],
    ['intune', 'Intune', 'A custom configuration profile, and a shell script'],
    ['jamf', 'Jamf Pro', 'Application & Custom Settings, and a policy with the script'],
    ['mdm', 'Another MDM', 'A configuration profile, and a script'],
  ],
};

export const packageTools: readonly PackageTool[] = packageSystems.flatMap((os) =>
  rows[os].map(
    ([tool, title, use, folder, packed]): PackageTool => ({
      os,
      tool,
      title,
      use,
      folder: folder ?? `${os}/${tool}`,
      packed: packed ?? 'files',
    }),
  ),
);
