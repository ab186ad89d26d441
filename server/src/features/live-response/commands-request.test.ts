import { ApiError } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { filesNeeded, orderedCommands } from './commands-request.ts';

type Commands = Parameters<typeof orderedCommands>[0];
type Command = Commands[number];
const put: Command = { type: 'PutFile', params: [{ key: 'FileName', value: 'tool.bin' }] };
const run: Command = {
  type: 'RunScript',
  params: [
    { key: 'ScriptName', value: 'look.sh' },
    { key: 'Args', value: '-a "b c"' },
  ],
};
const get: Command = { type: 'GetFile', params: [{ key: 'Path', value: '/var/log/syslog' }] };
const entry = (fileName: string) => ({ fileName, sha256: 'a'.repeat(64), size: 3 });

function refusal(
  commands: Commands,
  library: (name: string) => ReturnType<typeof entry> | undefined = entry,
) {
  try {
    orderedCommands(commands, library);
    return 'taken';
  } catch (error) {
    return error instanceof ApiError ? `${error.code}: ${error.publicMessage}` : String(error);
  }
}

describe('commands of a live response', () => {
  it('become an order, with what the library holds', () => {
    const commands: Commands = [put, put, run, get, get];
    expect(filesNeeded(commands)).toEqual(['tool.bin', 'tool.bin', 'look.sh']);
    expect(orderedCommands(commands, entry)).toEqual([
      { index: 0, type: 'PutFile', ...entry('tool.bin') },
      { index: 1, type: 'PutFile', ...entry('tool.bin') },
      { index: 2, type: 'RunScript', ...entry('look.sh'), args: '-a "b c"', timeoutSeconds: 600 },
      { index: 3, type: 'GetFile', path: '/var/log/syslog', maxBytes: 512 * 1024 * 1024 },
      { index: 4, type: 'GetFile', path: '/var/log/syslog', maxBytes: 512 * 1024 * 1024 },
    ]);
  });

  it.each<[string, Commands, RegExp]>([
    ['another order', [run, put], /^InvalidInput: .*command 1 is PutFile after RunScript/],
    ['a get before a script', [get, run], /^InvalidInput: .*command 1 is RunScript after GetFile/],
    [
      'an unknown parameter',
      [{ ...put, params: [{ key: 'Path', value: '/x' }] }],
      /^InvalidInput: .*no parameter "Path"/,
    ],
    [
      'a parameter of the object prototype',
      [{ ...put, params: [{ key: 'constructor', value: 'x' }] }],
      /^InvalidInput/,
    ],
    [
      'a parameter twice',
      [{ ...get, params: [...(get.params ?? []), ...(get.params ?? [])] }],
      /^InvalidInput: .*twice/,
    ],
    ['no parameters', [{ type: 'RunScript' }], /^MissingRequiredParameter: .*ScriptName/],
    [
      'an empty parameter',
      [{ type: 'GetFile', params: [{ key: 'Path', value: '' }] }],
      /^MissingRequiredParameter/,
    ],
    [
      'a relative path',
      [{ type: 'GetFile', params: [{ key: 'Path', value: 'etc/passwd' }] }],
      /^InvalidInput: .*absolute/,
    ],
    [
      'more than one frame carries',
      Array.from({ length: 50 }, () => ({
        type: 'GetFile' as const,
        params: [{ key: 'Path', value: `/${'x'.repeat(4_000)}` }],
      })),
      /^InvalidInput: .*too long/,
    ],
  ])('refuses %s', (_name, commands, expected) => {
    expect(refusal(commands)).toMatch(expected);
  });

  it('refuses what the library does not hold', () => {
    expect(refusal([put], () => undefined)).toMatch(/^InvalidInput: Command 0: there is no file "tool.bin"/);
  });
});
