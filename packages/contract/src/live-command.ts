/** The commands of a console session: which there are, who may give them, and how a line is read. Server and device read lines by this alone. */
import { splitWords } from './split-words.ts';

export interface LiveCommandSpec {
  /** basic: looks, and fetches files. advanced: changes something, or runs what somebody brought. */
  readonly level: 'basic' | 'advanced';
  readonly usage: string;
  readonly summary: string;
  /** Words that `-name value` may set. */
  readonly options?: readonly string[];
  /** Words that `-name` alone may set. */
  readonly flags?: readonly string[];
  /** Fewest and most words besides those. */
  readonly words: readonly [fewest: number, most: number];
  /** Which word names a file of the library. */
  readonly library?: number;
}

const basic = (usage: string, summary: string, more: Partial<LiveCommandSpec> = {}): LiveCommandSpec => ({
  level: 'basic',
  usage,
  summary,
  words: [0, 0],
  ...more,
});
const advanced = (usage: string, summary: string, more: Partial<LiveCommandSpec> = {}): LiveCommandSpec => ({
  ...basic(usage, summary, more),
  level: 'advanced',
});

export const liveCommands = {
  cd: basic('cd [folder]', 'Change the folder that relative paths begin in.', { words: [0, 1] }),
  cls: basic('cls', 'Clear the screen.'),
  connect: basic('connect', 'Say which device this session is on.'),
  connections: basic('connections', 'List network connections and listeners.'),
  dir: basic('dir [folder]', 'List a folder.', { words: [0, 1] }),
  drivers: basic('drivers', 'List the modules in the kernel.'),
  fg: basic('fg <job>', 'Wait for a job in the background.', { words: [1, 1] }),
  fileinfo: basic('fileinfo <file>', 'What a file is: size, times, owner, hashes.', { words: [1, 1] }),
  findfile: basic('findfile <name> [folder]', 'Find files by name; * and ? stand for any characters.', {
    words: [1, 2],
  }),
  getfile: basic('getfile <file> [&]', 'Fetch a file; with & in the background.', { words: [1, 1] }),
  help: basic('help [command]', 'List the commands, or explain one.', { words: [0, 1] }),
  jobs: basic('jobs', 'List what runs in the background.'),
  persistence: basic('persistence', 'List what starts programs again and again, wherever that is set down.'),
  processes: basic('processes [-name text]', 'List processes.', { options: ['name'] }),
  scheduledtasks: basic('scheduledtasks', 'List cron entries and timers.'),
  services: basic('services', 'List services.'),
  startupfolders: basic(
    'startupfolders',
    'List the folders whose programs start with a session or the system.',
  ),
  status: basic('status', 'What became of the commands of this session.'),
  trace: basic('trace', 'Turn on or off that a command says how long it took.'),
  library: advanced('library', 'List the files of the library.'),
  putfile: advanced('putfile <library file>', 'Put a file of the library on the device.', {
    words: [1, 1],
    library: 0,
    flags: ['overwrite'],
  }),
  remediate: advanced(
    'remediate file <path> | process <pid> | service <name>',
    'Put a file away, end a process, or stop and disable a service.',
    { words: [2, 2] },
  ),
  run: advanced('run <library file> [-parameters "words"]', 'Run a script of the library.', {
    words: [1, 1],
    library: 0,
    options: ['parameters'],
  }),
  undo: advanced('undo file <path> | service <name>', 'Take back a remediation.', { words: [2, 2] }),
} as const satisfies Record<string, LiveCommandSpec>;

export type LiveCommandName = keyof typeof liveCommands;
export const liveCommandNames = Object.keys(liveCommands) as readonly LiveCommandName[];

/** Commands of other systems, refused by name. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  registry: 'Linux has no registry.',
  analyze: 'There is no engine here that a file could be handed to: use fileinfo and the hunting tables.',
};
/** Names the service has had for the same. */
const ALIASES: Readonly<Record<string, LiveCommandName>> = { download: 'getfile', process: 'processes' };

export interface LiveLine {
  readonly name: LiveCommandName;
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
  readonly output: 'table' | 'json';
  readonly background: boolean;
  /** `> name`: what it says is handed in under this name. */
  readonly toFile: string | null;
}

/** The line, or text saying what is wrong with it. */
export function readLiveLine(line: string): LiveLine | string {
  let all: string[];
  try {
    all = splitWords(line);
  } catch (error) {
    return (error as Error).message;
  }
  const [written = '', ...rest] = all;
  const name = commandNamed(written);
  if (name === null) return unknownCommand(written);
  const spec: LiveCommandSpec = liveCommands[name];
  const words: string[] = [];
  const options: Record<string, string> = {};
  const flags: string[] = [];
  let output: LiveLine['output'] = 'table';
  let background = false;
  let toFile: string | null = null;
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] ?? '';
    const option = /^-([a-z]+)$/i.exec(word)?.[1]?.toLowerCase();
    const value = rest[at + 1];
    if (word === '&' && at === rest.length - 1) {
      background = true;
    } else if (word === '>') {
      if (value === undefined || at !== rest.length - 2 || !/^[^/\\\0]{1,200}$/.test(value))
        return 'after > stands one file name, and nothing more';
      toFile = value;
      at += 1;
    } else if (option === 'output') {
      if (value !== 'json' && value !== 'table') return '-output is json or table';
      output = value;
      at += 1;
    } else if (option !== undefined && (option === 'auto' || spec.flags?.includes(option))) {
      if (option !== 'auto') flags.push(option);
    } else if (option !== undefined && spec.options?.includes(option)) {
      if (value === undefined) return `-${option} needs a value`;
      options[option] = value;
      at += 1;
    } else if (option !== undefined && !word.includes('/')) {
      return `${name} has no -${option}. Usage: ${spec.usage}`;
    } else {
      words.push(word);
    }
  }
  const [fewest, most] = spec.words;
  if (words.length < fewest || words.length > most) return `Usage: ${spec.usage}`;
  if (background && name !== 'getfile') return 'only getfile runs in the background';
  return { name, words, options, flags, output, background, toFile };
}

function commandNamed(written: string): LiveCommandName | null {
  const name = written.toLowerCase();
  if (Object.hasOwn(ALIASES, name)) return ALIASES[name] ?? null;
  return Object.hasOwn(liveCommands, name) ? (name as LiveCommandName) : null;
}

function unknownCommand(written: string): string {
  const name = written.toLowerCase();
  if (name === '') return 'the line is empty';
  if (Object.hasOwn(ELSEWHERE, name)) return `${name}: ${ELSEWHERE[name]}`;
  return `there is no command ${JSON.stringify(written.slice(0, 50))}; help lists them`;
}
