/** From the commands that a client asks for to those that an order says, or the error that names what is wrong. */
import {
  ApiError,
  type LiveResponseCommandRequest,
  type OrderedCommand,
  type RunLiveResponseRequest,
} from '@merlon/contract';

type CommandType = LiveResponseCommandRequest['type'];

/** "Allowed values are PutFile, RunScript, GetFile (must be in this order with no limit on repetitions)." */
const ORDER: readonly CommandType[] = ['PutFile', 'RunScript', 'GetFile'];
/** Each command's parameters; false: may be left out. */
const PARAMETERS = {
  PutFile: { FileName: true },
  RunScript: { ScriptName: true, Args: false },
  GetFile: { Path: true },
} as const satisfies Record<CommandType, Record<string, boolean>>;
/** "RunScript command timeouts after 10 minutes." */
const SCRIPT_SECONDS = 600;
const GET_FILE_BYTES = 512 * 1024 * 1024;
/** An order travels in one frame of 256 KiB, signed and in base64. */
const ORDER_CHARACTERS = 150_000;

export interface LibraryEntry {
  readonly fileName: string;
  readonly sha256: string;
  readonly size: number;
}

type Asked = RunLiveResponseRequest['Commands'][number];

/** Names of library files that the commands need. */
export function filesNeeded(commands: readonly Asked[]): string[] {
  return commands.flatMap((command, index) => {
    const { FileName, ScriptName } = parametersOf(command, index);
    return [FileName, ScriptName].filter((name) => name !== undefined);
  });
}

/** @throws ApiError InvalidInput, MissingRequiredParameter */
export function orderedCommands(
  commands: readonly Asked[],
  inLibrary: (fileName: string) => LibraryEntry | undefined,
): OrderedCommand[] {
  const outOfOrder = commands.findIndex(
    ({ type }, index) => ORDER.indexOf(type) < ORDER.indexOf(commands[index - 1]?.type ?? type),
  );
  if (outOfOrder > 0)
    throw new ApiError(
      'InvalidInput',
      `Commands must come in the order ${ORDER.join(', ')}: command ${outOfOrder} is ${commands[outOfOrder]?.type} after ${commands[outOfOrder - 1]?.type}.`,
    );
  const ordered = commands.map((command, index) => orderedCommand(command, index, inLibrary));
  if (JSON.stringify(ordered).length > ORDER_CHARACTERS)
    throw new ApiError('InvalidInput', 'The commands are too long for one order.');
  return ordered;
}

function orderedCommand(
  command: Asked,
  index: number,
  inLibrary: (fileName: string) => LibraryEntry | undefined,
): OrderedCommand {
  const given = parametersOf(command, index);
  const file = (name = '') => {
    const found = inLibrary(name);
    if (!found)
      throw new ApiError(
        'InvalidInput',
        `Command ${index}: there is no file ${JSON.stringify(name)} in the library.`,
      );
    return found;
  };
  switch (command.type) {
    case 'PutFile':
      return { index, type: 'PutFile', ...file(given.FileName) };
    case 'RunScript': {
      const args = given.Args ?? '';
      if (args.length > 4_000 || args.includes('\0'))
        throw new ApiError(
          'InvalidInput',
          `Command ${index}: Args may have 4000 characters, none of them zero.`,
        );
      return {
        index,
        type: 'RunScript',
        ...file(given.ScriptName),
        args,
        timeoutSeconds: SCRIPT_SECONDS,
      };
    }
    case 'GetFile': {
      const path = given.Path ?? '';
      if (!/^(\/|[a-z]:[\\/]|\\\\)/i.test(path) || path.includes('\0'))
        throw new ApiError('InvalidInput', `Command ${index}: Path must be absolute.`);
      return { index, type: 'GetFile', path, maxBytes: GET_FILE_BYTES };
    }
    default:
      throw new Error(`unknown command ${command.type satisfies never as string}`);
  }
}

type Parameters = {
  readonly FileName?: string;
  readonly ScriptName?: string;
  readonly Args?: string;
  readonly Path?: string;
};

function parametersOf({ type, params = [] }: Asked, index: number): Parameters {
  const known: Record<string, boolean> = PARAMETERS[type];
  const given = new Map<string, string>();
  for (const { key, value } of params) {
    if (!Object.hasOwn(known, key))
      throw new ApiError(
        'InvalidInput',
        `Command ${index}: ${type} has no parameter ${JSON.stringify(key)}. It has: ${Object.keys(known).join(', ')}.`,
      );
    if (given.has(key)) throw new ApiError('InvalidInput', `Command ${index}: ${key} is given twice.`);
    given.set(key, value);
  }
  for (const [key, required] of Object.entries(known))
    if (required && !given.get(key))
      throw new ApiError('MissingRequiredParameter', `Command ${index}: ${type} needs the parameter ${key}.`);
  return Object.fromEntries(given);
}
