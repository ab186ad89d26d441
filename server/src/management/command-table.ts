/** Commands as data: each calls one operation of the running server. */
import type { Command } from 'commander';
import type { CliContext } from '../feature.ts';

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
  }[];
  readonly options?: readonly OptionSpec[];
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
      const args = (spec.args ?? []).map(({ member, read }, index) => [
        member,
        read ? read(String(words[index])) : words[index],
      ]);
      const flags = (spec.options ?? []).flatMap(({ flags, member, attribute, read }) => {
        const given = options[attribute ?? attributeOf(flags)];
        return given === undefined ? [] : [[member, read ? read(given) : given]];
      });
      const tenant = options.tenant === undefined ? [] : [['tenant', options.tenant]];
      const answer = await context.call<never>(
        spec.calls,
        Object.fromEntries([...args, ...flags, ...tenant]),
      );
      context.print(command, answer, () => spec.human(answer));
    });
  }
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
