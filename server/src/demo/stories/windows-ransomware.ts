import type { Story } from './story.ts';

const SYSTEM32 = 'C:\\Windows\\System32';

/** Someone comes in from the next computer, blinds the logs, removes the way back and encrypts. */
export const windowsRansomware: Story = {
  name: 'Ransomware after lateral movement',
  os: 'windows',
  play(host) {
    const services = host.start(
      host.root,
      `${SYSTEM32}\\services.exe`,
      'C:\\Windows\\System32\\services.exe',
      'system',
    );
    host.logon(services, 'svc-backup', 'LogonSuccess', '10.20.0.31');
    const remote = host.start(services, 'C:\\Windows\\PSEXESVC.exe', 'C:\\Windows\\PSEXESVC.exe', 'system');
    const shell = host.start(remote, `${SYSTEM32}\\cmd.exe`, 'cmd.exe /c C:\\Windows\\Temp\\run.bat');
    host.start(shell, `${SYSTEM32}\\wevtutil.exe`, 'wevtutil.exe cl Security');
    host.start(shell, `${SYSTEM32}\\vssadmin.exe`, 'vssadmin.exe delete shadows /all /quiet');
    host.start(shell, `${SYSTEM32}\\bcdedit.exe`, 'bcdedit.exe /set {default} recoveryenabled no');
    const locker = host.start(shell, 'C:\\Windows\\Temp\\lk.exe', 'C:\\Windows\\Temp\\lk.exe --all');
    for (let i = 1; i <= 12; i++) {
      host.file(
        locker,
        `C:\\Users\\${host.description.user}\\Documents\\report-${i}.docx.locked`,
        'FileCreated',
      );
    }
    host.file(locker, `C:\\Users\\${host.description.user}\\Desktop\\READ_ME.txt`);
  },
};
