import { describe, expect, it } from 'vitest';
import { liveCommandNames, liveCommands, readLiveLine } from './live-command.ts';

const plain = { options: {}, flags: [], output: 'table', background: false, toFile: null };

describe('a line of a console', () => {
  it.each([
    ['processes', { ...plain, name: 'processes', words: [] }],
    [
      'PROCESSES -Name sshd -output json',
      { ...plain, name: 'processes', words: [], options: { name: 'sshd' }, output: 'json' },
    ],
    ['getfile "/var/log/a b" &', { ...plain, name: 'getfile', words: ['/var/log/a b'], background: true }],
    ['download /x', { ...plain, name: 'getfile', words: ['/x'] }],
    ['dir / > listing.txt', { ...plain, name: 'dir', words: ['/'], toFile: 'listing.txt' }],
    [
      `run look.sh -parameters "-a 'b c'"`,
      { ...plain, name: 'run', words: ['look.sh'], options: { parameters: "-a 'b c'" } },
    ],
    ['remediate file /x -auto', { ...plain, name: 'remediate', words: ['file', '/x'] }],
    ['putfile tool -overwrite', { ...plain, name: 'putfile', words: ['tool'], flags: ['overwrite'] }],
  ])('%s', (line, expected) => {
    expect(readLiveLine(line)).toEqual(expected);
  });

  it.each([
    ['', 'the line is empty'],
    ['rm -rf /', 'there is no command "rm"'],
    ['constructor', 'there is no command'],
    ['registry HKLM', 'Linux has no registry'],
    ['cd a b', 'Usage: cd'],
    ['getfile', 'Usage: getfile'],
    ['dir > a/b', 'after >'],
    ['dir > a b', 'after >'],
    ['dir "open', 'is not closed'],
    ['processes -frobnicate x', 'has no -frobnicate'],
    ['processes -name', '-name needs a value'],
    ['processes -output xml', '-output is'],
    ['processes &', 'only getfile'],
  ])('refuses %j', (line, expected) => {
    expect(readLiveLine(line)).toContain(expected);
  });

  it('reads anything without stumbling', () => {
    const pieces = [
      'getfile',
      'run',
      '-output',
      '-',
      '--',
      '>',
      '&',
      '"',
      "'",
      '\\',
      ' ',
      '\0',
      '__proto__',
      'é',
      '😀',
    ];
    let seed = 1;
    for (let round = 0; round < 100_000; round++) {
      let line = '';
      for (let length = round % 9; length > 0; length--) {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
        line += `${pieces[(seed >> 8) % pieces.length]}${seed & 64 ? ' ' : ''}`;
      }
      const read = readLiveLine(line);
      if (typeof read === 'object') expect(liveCommandNames).toContain(read.name);
    }
  });

  it('lets who only looks change nothing', () => {
    const basic = liveCommandNames.filter((name) => liveCommands[name].level === 'basic');
    for (const name of ['run', 'putfile', 'remediate', 'undo', 'library'] as const)
      expect(basic).not.toContain(name);
  });
});
