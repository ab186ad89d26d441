/** Commands as data: each calls one operation of the running server. */
import type { Command } from 'commander';
import type { CliContext } from '../feature.ts';
import { idOfNamed, type NamedThing } from './named-things.ts';

export interface OptionSpec {
  /** `--device-group <id>`, as commander takes it. */
  readonly flags: string;
  readonly help: string;
  /** Member of the operation's input. */
  readonly member: string;
  /** Name under which the command line keeps it, where that does not follow from the flags: `--no-secret` is `secret`. */
  readonly attribute?: string;
  /** From the words of the command line to the member's value; text as it is when absent. */
  readonly read?: (words: string | string[]) => unknown;
  /** The operation wants ids of these; people may give names. */
  readonly names?: NamedThing;
  readonly required?: boolean;
}

export interface CommandSpec {
  /** `create`, below the group's name. */
  readonly name: string;
  readonly help: string;
  /** Name of the operation. */
  readonly calls: string;
  /** Members of the input that stand without a flag, in order. */
  readonly args?: readonly {
    readonly member: string;
    readonly help: string;
    readonly read?: (word: string) => unknown;
    readonly names?: NamedThing;
  }[];
  readonly options?: readonly OptionSpec[];
  /** Members of the input that this command always gives: `on` is an update to `enabled: true`. */
  readonly fixed?: Readonly<Record<string, unknown>>;
  /** The answer for people. */
  readonly human: (answer: never) => string;
}

const TENANT = ['--tenant <tenant>', 'tenant by id, domain or name; default: the first one'] as const;

export function registerCommands(
  program: Command,
  context: CliContext,
  group: { readonly name: string; readonly help: string; readonly commands: readonly CommandSpec[] },
): void {
  const parent = program.command(group.name).description(group.help);
  for (const spec of group.commands) {
    const command = parent
      .command(spec.name)
      .description(spec.help)
      .option(...TENANT);
    for (const { member, help } of spec.args ?? []) command.argument(`<${member}>`, help);
    for (const { flags, help, required } of spec.options ?? [])
      if (required) command.requiredOption(flags, help);
      else command.option(flags, help);
    command.action(async (...words: unknown[]) => {
      const options = command.opts<Record<string, string | string[]>>();
      const tenant = options.tenant === undefined ? {} : { tenant: options.tenant };
      const input: Record<string, unknown> = { ...tenant, ...spec.fixed };
      const take = async (
        { member, names, read }: Pick<OptionSpec, 'member' | 'names' | 'read'>,
        given: string | string[],
      ) => {
        const idOf = (word: string) => (names === undefined ? word : idOfNamed(context, names, word, tenant));
        const meant = Array.isArray(given) ? await Promise.all(given.map(idOf)) : await idOf(given);
        input[member] = read === undefined ? meant : read(given);
      };
      for (const [index, { read, ...arg }] of (spec.args ?? []).entries())
        await take({ ...arg, ...(read ? { read: (word) => read(String(word)) } : {}) }, String(words[index]));
      for (const option of spec.options ?? []) {
        const given = options[option.attribute ?? attributeOf(option.flags)];
        if (given !== undefined) await take(option, given);
      }
      const answer = await context.call<never>(spec.calls, input);
      context.print(command, answer, () => spec.human(answer));
    });
  }
}

/** `yes` or `on`, `no` or `off`; of another word the server says what is wrong with it. */
export function yesOrNo(word: string | string[]): boolean | string {
  const text = String(word).toLowerCase();
  if (['yes', 'on', 'true'].includes(text)) return true;
  return ['no', 'off', 'false'].includes(text) ? false : text;
}

/** The name commander keeps an option under: `--device-group <id>` → `deviceGroup`. */
function attributeOf(flags: string): string {
  const long = /--([a-z-]+)/.exec(flags)?.[1] ?? flags;
  return long.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Lines of words in columns, as wide as they need to be. */
export function columns(rows: readonly (readonly string[])[], none: string): string {
  if (rows.length === 0) return none;
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((word, column) => word.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
