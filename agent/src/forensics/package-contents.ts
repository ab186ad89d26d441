/**
 * What an investigation package of a Linux device holds: the folders of the product's own package (portal.md section 7), each with what Linux has for it.
 * Data alone; how it is read is in `collector.ts`.
 */

export type PackageItem =
  /** What a program of the system prints. */
  | { readonly kind: 'command'; readonly to: string; readonly argv: readonly [string, ...string[]] }
  /** Copies of files; `*` stands for any part of one name. Folders are taken whole. */
  | { readonly kind: 'files'; readonly to: string; readonly from: readonly string[] }
  /** Names, sizes, owners and times of what lies below; contents are left where they are. */
  | { readonly kind: 'listing'; readonly to: string; readonly below: readonly string[] }
  | { readonly kind: 'processes'; readonly to: string };

const command = (to: string, ...argv: [string, ...string[]]): PackageItem => ({ kind: 'command', to, argv });
/** dpkg-query's own placeholders. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: they are dpkg's, not ours
const DPKG_FORMAT = '${Package}\\t${Version}\\t${Status}\\n';
const files = (to: string, ...from: string[]): PackageItem => ({ kind: 'files', to, from });

/** Where programs are named that start by themselves. */
export const autorunPlaces: readonly string[] = [
  '/etc/crontab',
  '/etc/cron.d',
  '/etc/cron.hourly',
  '/etc/cron.daily',
  '/etc/cron.weekly',
  '/etc/cron.monthly',
  '/etc/anacrontab',
  '/var/spool/cron',
  '/etc/systemd/system',
  '/etc/systemd/user',
  '/usr/local/lib/systemd/system',
  '/root/.config/systemd/user',
  '/home/*/.config/systemd/user',
  '/etc/init.d',
  '/etc/rc.local',
  '/etc/inittab',
  '/etc/ld.so.preload',
  '/etc/ld.so.conf',
  '/etc/ld.so.conf.d',
  '/etc/profile',
  '/etc/profile.d',
  '/etc/bash.bashrc',
  '/etc/environment',
  '/etc/pam.d',
  '/etc/udev/rules.d',
  '/etc/modules',
  '/etc/modules-load.d',
  '/etc/modprobe.d',
  '/etc/xdg/autostart',
  '/home/*/.config/autostart',
  '/etc/update-motd.d',
  '/etc/NetworkManager/dispatcher.d',
  '/root/.ssh/authorized_keys',
  '/home/*/.ssh/authorized_keys',
  '/root/.bashrc',
  '/root/.profile',
  '/root/.bash_profile',
  '/home/*/.bashrc',
  '/home/*/.profile',
  '/home/*/.bash_profile',
  '/home/*/.zshrc',
];

export const packageItems: readonly PackageItem[] = [
  files('Autoruns', ...autorunPlaces),
  command('InstalledPrograms/dpkg.tsv', 'dpkg-query', '-W', '-f', DPKG_FORMAT),
  command(
    'InstalledPrograms/rpm.tsv',
    'rpm',
    '-qa',
    '--qf',
    '%{NAME}\\t%{VERSION}-%{RELEASE}\\t%{INSTALLTIME}\\n',
  ),
  command('InstalledPrograms/snap.txt', 'snap', 'list'),
  command('InstalledPrograms/flatpak.txt', 'flatpak', 'list'),
  files('InstalledPrograms', '/var/log/dpkg.log', '/var/log/apt/history.log', '/var/log/dnf.log'),
  command('NetworkConnections/sockets.txt', 'ss', '-tuapnoe'),
  command('NetworkConnections/listening.txt', 'ss', '-tulpn'),
  command('NetworkConnections/unix-sockets.txt', 'ss', '-xap'),
  command('NetworkConnections/addresses.txt', 'ip', 'address'),
  command('NetworkConnections/routes.txt', 'ip', 'route', 'show', 'table', 'all'),
  command('NetworkConnections/rules.txt', 'ip', 'rule'),
  command('NetworkConnections/neighbours.txt', 'ip', 'neighbour'),
  command('NetworkConnections/dns-cache.txt', 'resolvectl', 'statistics'),
  files(
    'NetworkConnections',
    '/etc/resolv.conf',
    '/etc/hosts',
    '/etc/hosts.allow',
    '/etc/hosts.deny',
    '/etc/nsswitch.conf',
  ),
  command('Firewall/nftables.txt', 'nft', 'list', 'ruleset'),
  command('Firewall/iptables.txt', 'iptables-save'),
  command('Firewall/ip6tables.txt', 'ip6tables-save'),
  { kind: 'processes', to: 'Processes/processes.jsonl' },
  command('Processes/tree.txt', 'ps', '-eo', 'pid,ppid,user,lstart,etime,stat,cgroup,args', '--forest'),
  command('Processes/open-files.txt', 'lsof', '-n', '-P', '-w'),
  command('ServicesAndScheduledTasks/units.txt', 'systemctl', 'list-units', '--all', '--no-pager', '--full'),
  command('ServicesAndScheduledTasks/unit-files.txt', 'systemctl', 'list-unit-files', '--no-pager'),
  command('ServicesAndScheduledTasks/timers.txt', 'systemctl', 'list-timers', '--all', '--no-pager'),
  command('ServicesAndScheduledTasks/at.txt', 'atq'),
  command('SystemInformation/kernel.txt', 'uname', '-a'),
  command('SystemInformation/uptime.txt', 'uptime'),
  command('SystemInformation/modules.txt', 'lsmod'),
  command('SystemInformation/mounts.txt', 'findmnt', '-A'),
  command('SystemInformation/disks.txt', 'df', '-hT'),
  command('SystemInformation/time.txt', 'timedatectl'),
  command('SystemInformation/devices.txt', 'lspci'),
  files(
    'SystemInformation',
    '/etc/os-release',
    '/etc/machine-id',
    '/proc/cmdline',
    '/proc/meminfo',
    '/proc/cpuinfo',
    '/etc/fstab',
  ),
  command('SystemSecurity/set-id-programs.txt', 'find', '/', '-xdev', '-perm', '/6000', '-type', 'f', '-ls'),
  command('SystemSecurity/capabilities.txt', 'getcap', '-r', '/usr', '/opt', '/home'),
  command('SystemSecurity/bpf-programs.txt', 'bpftool', 'prog', 'list'),
  command('SystemSecurity/audit-rules.txt', 'auditctl', '-l'),
  command('SystemSecurity/apparmor.txt', 'aa-status'),
  command('SystemSecurity/selinux.txt', 'sestatus'),
  files(
    'SystemSecurity',
    '/etc/ssh/sshd_config',
    '/etc/ssh/sshd_config.d',
    '/etc/sysctl.conf',
    '/etc/sysctl.d',
    '/proc/sys/kernel/tainted',
  ),
  {
    kind: 'listing',
    to: 'TempDirectories/listing.tsv',
    below: ['/tmp', '/var/tmp', '/dev/shm', '/run/user'],
  },
  files('UsersAndGroups', '/etc/passwd', '/etc/group', '/etc/sudoers', '/etc/sudoers.d', '/etc/login.defs'),
  command('UsersAndGroups/last.txt', 'last', '-Fwx'),
  command('UsersAndGroups/failed-logons.txt', 'lastb', '-Fw'),
  command('UsersAndGroups/logged-on.txt', 'who', '-a'),
  files(
    'UsersAndGroups/history',
    '/root/.bash_history',
    '/home/*/.bash_history',
    '/root/.zsh_history',
    '/home/*/.zsh_history',
  ),
  command('Logs/journal.txt', 'journalctl', '--no-pager', '-n', '20000', '-o', 'short-iso-precise'),
  files(
    'Logs',
    '/var/log/auth.log',
    '/var/log/secure',
    '/var/log/syslog',
    '/var/log/messages',
    '/var/log/kern.log',
    '/var/log/audit/audit.log',
    '/var/log/cron.log',
  ),
];
