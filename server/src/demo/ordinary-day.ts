/** What happens on a computer when nothing is wrong. */
import type { Random } from './random.ts';
import type { OsFamily, SimulatedHost, SimulatedProcess } from './simulated-host.ts';

type Habit = (host: SimulatedHost, random: Random) => void;

const SITES = [
  { ip: '93.184.215.14', port: 443, url: 'www.example.com' },
  { ip: '93.184.215.14', port: 443, url: 'docs.example.com' },
  { ip: '198.51.100.20', port: 443, url: 'mail.example.net' },
  { ip: '198.51.100.34', port: 443, url: 'updates.example.org' },
  { ip: '203.0.113.9', port: 443, url: 'cdn.example.net' },
];

const within = (host: SimulatedHost, path: string, commandLine = path): SimulatedProcess =>
  host.start(host.root, path, commandLine);

const HABITS: Readonly<Record<OsFamily, readonly Habit[]>> = {
  windows: [
    (host, random) => {
      const browser = within(
        host,
        'C:\\Program Files\\Browser\\browser.exe',
        '"C:\\Program Files\\Browser\\browser.exe"',
      );
      for (let i = random.whole(1, 4); i > 0; i--) host.connect(browser, random.pick(SITES));
    },
    (host, random) => {
      const writer = within(
        host,
        'C:\\Program Files\\Office\\WINWORD.EXE',
        `"C:\\Program Files\\Office\\WINWORD.EXE" /n "C:\\Users\\${host.description.user}\\Documents\\notes ${random.whole(1, 40)}.docx"`,
      );
      host.file(
        writer,
        `C:\\Users\\${host.description.user}\\Documents\\notes ${random.whole(1, 40)}.docx`,
        'FileModified',
      );
    },
    (host) => {
      const service = host.start(
        host.root,
        'C:\\Windows\\System32\\svchost.exe',
        'svchost.exe -k netsvcs -p',
        'system',
      );
      host.connect(service, { ip: '198.51.100.34', port: 443, url: 'updates.example.org' });
    },
    (host) => {
      const shell = within(
        host,
        'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe',
        'powershell.exe -NoProfile -File C:\\Tools\\inventory.ps1',
      );
      host.file(shell, 'C:\\Tools\\inventory.csv', 'FileModified');
    },
    (host) => host.logon(host.root, host.description.user, 'LogonSuccess', null),
  ],
  linux: [
    (host) => {
      const cron = within(host, '/usr/sbin/cron', '/usr/sbin/cron -f');
      const shell = host.start(cron, '/usr/bin/dash', '/bin/sh -c run-parts --report /etc/cron.hourly');
      host.start(shell, '/usr/bin/run-parts', 'run-parts --report /etc/cron.hourly');
    },
    (host, random) => {
      const apt = within(host, '/usr/bin/apt-get', 'apt-get -qq update');
      host.connect(apt, { ip: '203.0.113.9', port: 443, url: 'packages.example.org' });
      host.file(apt, `/var/lib/apt/lists/packages_${random.whole(1, 9)}`, 'FileModified');
    },
    (host, random) => {
      const server = host.start(host.root, '/usr/sbin/nginx', 'nginx: worker process', 'www-data');
      host.connect(server, { ip: `10.20.0.${random.whole(10, 200)}`, port: 5432 });
    },
    (host) => {
      const sshd = within(host, '/usr/sbin/sshd', 'sshd: [accepted]');
      host.logon(sshd, host.description.user, 'LogonSuccess', '10.20.0.15');
      const shell = host.start(sshd, '/usr/bin/bash', '-bash', host.description.user);
      host.start(shell, '/usr/bin/systemctl', 'systemctl status nginx');
      host.start(shell, '/usr/bin/journalctl', 'journalctl -u nginx -n 50');
    },
    (host) => {
      const rotate = within(host, '/usr/sbin/logrotate', '/usr/sbin/logrotate /etc/logrotate.conf');
      host.file(rotate, '/var/log/nginx/access.log.1', 'FileCreated');
    },
  ],
  macos: [
    (host, random) => {
      const browser = host.start(
        host.root,
        '/Applications/Browser.app/Contents/MacOS/Browser',
        '/Applications/Browser.app/Contents/MacOS/Browser',
        host.description.user,
      );
      for (let i = random.whole(1, 3); i > 0; i--) host.connect(browser, random.pick(SITES));
    },
    (host, random) => {
      const editor = host.start(
        host.root,
        '/Applications/Notes.app/Contents/MacOS/Notes',
        '/Applications/Notes.app/Contents/MacOS/Notes',
        host.description.user,
      );
      host.file(
        editor,
        `/Users/${host.description.user}/Documents/note-${random.whole(1, 40)}.txt`,
        'FileModified',
      );
    },
    (host) => {
      const update = host.start(host.root, '/usr/libexec/softwareupdated', 'softwareupdated');
      host.connect(update, { ip: '198.51.100.34', port: 443, url: 'updates.example.org' });
    },
  ],
};

/** One day of ordinary work, ending at `dayEnd`. */
export function ordinaryDay(host: SimulatedHost, random: Random, dayEnd: Date, agentVersion: string): void {
  const hours = 24;
  for (let hour = hours; hour > 0; hour--) {
    const begin = new Date(dayEnd.getTime() - hour * 3_600_000);
    host.wait(begin);
    host.heartbeat(agentVersion);
    const busy = hour > 6 && hour < 16 ? random.whole(2, 5) : random.whole(0, 1);
    for (let i = 0; i < busy; i++) {
      host.wait(random.whole(30_000, 500_000));
      random.pick(HABITS[host.description.os])(host, random);
    }
  }
}
