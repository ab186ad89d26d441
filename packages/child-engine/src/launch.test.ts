import { describe, expect, it } from 'vitest';
import { LastLines } from './last-lines.ts';
import { launchAs } from './launch.ts';

const user = { name: 'merlon-x', uid: 990, gid: 991 };

describe('launchAs', () => {
  it('gives up rights and asks for the death signal before the engine begins', () => {
    expect(launchAs('/bin/engine', ['-a'], { user }, 'QUIT', '/usr/bin/setpriv')).toEqual({
      command: '/usr/bin/setpriv',
      args: [
        '--reuid=990',
        '--regid=991',
        '--clear-groups',
        '--no-new-privs',
        '--pdeathsig=QUIT',
        '--',
        '/bin/engine',
        '-a',
      ],
    });
  });

  it('hands on the one right of passing folders, and only to another user', () => {
    const passing = launchAs('e', [], { user, passFolders: true }, null, 'setpriv');
    expect(passing.args).toContain('--ambient-caps=+dac_read_search');
    const own = launchAs('e', [], { user: null, passFolders: true }, null, 'setpriv');
    expect(own.args).toEqual(['--no-new-privs', '--', 'e']);
  });

  it('changes the user by spawn where there is no setpriv, and refuses what only setpriv can do', () => {
    expect(launchAs('e', ['x'], { user }, 'KILL', null)).toEqual({
      command: 'e',
      args: ['x'],
      uid: 990,
      gid: 991,
    });
    expect(launchAs('e', [], { user: null }, 'KILL', null)).toEqual({ command: 'e', args: [] });
    expect(() => launchAs('e', [], { user, passFolders: true }, 'KILL', null)).toThrow('setpriv');
  });
});

describe('LastLines', () => {
  it('keeps the last lines whole across chunks, and long ones short', () => {
    const lines = new LastLines(2);
    lines.add('one\ntw');
    lines.add('o\nthree\nfo');
    lines.add(Buffer.from('ur'));
    expect(lines.text()).toBe('two\nthree\nfour');
    lines.add(`${'x'.repeat(100_000)}\n`);
    expect(lines.text().length).toBeLessThan(2_100);
  });
});
