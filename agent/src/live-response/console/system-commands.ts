/** Commands that look at what runs, listens and starts here. */
import { readFile } from 'node:fs/promises';
import type { LiveCommandName } from '@merlon/contract';
import { expand } from '../../forensics/copied-files.ts';
import { autorunPlaces } from '../../forensics/package-contents.ts';
import { IdNames } from '../../sensor/accounts.ts';
import { listPids, readProcess, socketInodesOf } from '../../sensor/proc-files.ts';
import type { CommandHandler } from './commands.ts';
import { listFiles } from './file-commands.ts';
import { programOutput } from './program-output.ts';
import { parseSockets } from './sockets.ts';

const NETWORK_TABLES = [
  ['tcp', 4],
  ['tcp6', 6],
  ['udp', 4],
  ['udp6', 6],
] as const;
const SCHEDULES = autorunPlaces.filter((place) => /cron/.test(place));
const STARTUP = autorunPlaces.filter((place) =>
  /autostart|init\.d|rc\.local|profile|bashrc|zshrc|update-motd/.test(place),
);

export const systemCommands = {
  async processes({ output, line, signal }) {
    const wanted = line.options.name?.toLowerCase();
    const names = new IdNames('/etc/passwd');
    const rows = [];
    for (const pid of listPids()) {
      signal.throwIfAborted();
      const found = readProcess(pid);
      if (!found) continue;
      const { parentPid, path, commandLine, uid } = found;
      if (wanted !== undefined && !`${path}\n${commandLine}`.toLowerCase().includes(wanted)) continue;
      rows.push({
        pid,
        parent: parentPid,
        user: names.find(uid, 0) ?? String(uid),
        path,
        command: commandLine,
      });
    }
    await output.rows(rows);
    return undefined;
  },

  async connections({ output }) {
    const holders = new Map<number, number>();
    for (const pid of listPids()) for (const inode of socketInodesOf(pid)) holders.set(inode, pid);
    const tables = await Promise.all(
      NETWORK_TABLES.map(async ([protocol, family]) =>
        parseSockets(await readFile(`/proc/self/net/${protocol}`, 'utf8').catch(() => ''), protocol, family),
      ),
    );
    await output.rows(
      tables.flat().map(({ inode, ...socket }) => {
        const pid = holders.get(inode) ?? null;
        return { ...socket, pid, program: pid === null ? null : (readProcess(pid)?.path ?? null) };
      }),
    );
    return undefined;
  },

  async drivers({ output }) {
    const text = await readFile('/proc/modules', 'utf8').catch(() => '');
    await output.rows(
      text
        .split('\n')
        .filter(Boolean)
        .map((module) => {
          const [name = '', size, uses, by = '', state = ''] = module.split(' ');
          return {
            module: name,
            bytes: Number(size),
            uses: Number(uses),
            usedBy: by === '-' ? '' : by.replace(/,$/, ''),
            state,
          };
        }),
    );
    return undefined;
  },

  async services({ output, signal }) {
    const text = await programOutput(
      ['systemctl', 'list-units', '--type=service', '--all', '--plain', '--no-legend', '--no-pager'],
      signal,
    );
    await output.rows(
      text
        .split('\n')
        .map((unit) => unit.trim().split(/\s+/))
        .filter((unit) => unit.length > 3)
        .map(([service = '', load = '', active = '', sub = '', ...words]) => ({
          service,
          load,
          active,
          state: sub,
          description: words.join(' '),
        })),
    );
    return undefined;
  },

  async scheduledtasks({ output, signal }) {
    const timers = await programOutput(
      ['systemctl', 'list-timers', '--all', '--no-legend', '--no-pager'],
      signal,
    ).catch(() => '');
    const rows = [];
    for (const timer of timers.split('\n')) {
      const unit = /(\S+\.timer)\s+(\S+)/.exec(timer);
      if (unit) rows.push({ where: 'systemd', entry: `${unit[1]} starts ${unit[2]}` });
    }
    for (const file of await listFiles(await places(SCHEDULES), signal)) {
      const text = await readFile(file, 'utf8').catch(() => '');
      // Folders such as cron.daily hold programs, not tables of them.
      if (/\/cron\.(hourly|daily|weekly|monthly)\//.test(file))
        rows.push({ where: file, entry: '(program)' });
      else
        for (const entry of text.split('\n'))
          if (/^\s*[^#\s]/.test(entry)) rows.push({ where: file, entry: entry.trim() });
    }
    await output.rows(rows);
    return undefined;
  },

  async startupfolders({ output, signal }) {
    const files = await listFiles(await places(STARTUP), signal);
    await output.rows(files.map((path) => ({ path })));
    return undefined;
  },

  async persistence({ output, signal }) {
    const files = await listFiles(await places(autorunPlaces), signal);
    await output.rows(files.map((path) => ({ path })));
    return undefined;
  },
} as const satisfies Partial<Record<LiveCommandName, CommandHandler>>;

async function places(patterns: readonly string[]): Promise<string[]> {
  return (await Promise.all(patterns.map((pattern) => expand(pattern)))).flat();
}
