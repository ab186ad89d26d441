/** What people call by its name where an operation wants its id. The command line looks it up; programs know ids. */
import { CliError } from '../cli/admin-socket.ts';
import type { CliContext } from '../feature.ts';

export type NamedThing = keyof typeof things;

interface Listed {
  readonly id: string | number;
  readonly names: readonly string[];
}

interface Thing {
  /** For messages. */
  readonly word: string;
  /** The command that shows all of them. */
  readonly shownBy: string;
  readonly isId: RegExp;
  readonly list: string;
  /** Of the list operation. */
  input(name: string): Readonly<Record<string, unknown>>;
  listed(answer: never): readonly Listed[];
}

interface NamedList {
  readonly value: readonly { readonly id: string | number; readonly name: string }[];
}

const GUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function named(word: string, shownBy: string, list: string, isId: RegExp): Thing {
  return {
    word,
    shownBy,
    list,
    isId,
    input: () => ({}),
    listed: ({ value }: NamedList) => value.map(({ id, name }) => ({ id, names: [name] })),
  };
}

const things = {
  role: named('role', 'merlon role list', 'role.list', GUID),
  userGroup: named('user group', 'merlon usergroup list', 'userGroup.list', GUID),
  deviceGroup: named('device group', 'merlon devicegroup list', 'deviceGroup.list', /^\d+$/),
  approvalPolicy: named('approval policy', 'merlon approvalpolicy list', 'approvalPolicy.list', GUID),
  /** By the whole name he signs in with, or the part before the `@`. */
  person: {
    word: 'person',
    shownBy: 'merlon account list',
    list: 'account.list',
    isId: GUID,
    input: (name) => ({ search: name, top: 1_000 }),
    listed: ({ value }: { value: readonly { id: string; userPrincipalName: string }[] }) =>
      value.map(({ id, userPrincipalName: whole }) => ({ id, names: [whole, whole.split('@')[0] ?? whole] })),
  } satisfies Thing,
} as const;

/** The id of what is meant; what is an id already stays as it is. @throws CliError when nothing, or more than one thing, is called that */
export async function idOfNamed(
  context: Pick<CliContext, 'call'>,
  kind: NamedThing,
  word: string,
  tenant: Readonly<Record<string, unknown>>,
): Promise<string | number> {
  const thing: Thing = things[kind];
  if (thing.isId.test(word)) return kind === 'deviceGroup' ? Number(word) : word;
  const answer = await context.call<never>(thing.list, { ...thing.input(word), ...tenant });
  const meant = thing
    .listed(answer)
    .filter(({ names }) => names.some((name) => name.toLowerCase() === word.toLowerCase()));
  const [only] = meant;
  if (only === undefined)
    throw new CliError(
      'ResourceNotFound',
      `There is no ${thing.word} "${word}"; \`${thing.shownBy}\` shows all.`,
    );
  if (meant.length > 1)
    throw new CliError(
      'InvalidInput',
      `More than one ${thing.word} is called "${word}"; give the id that \`${thing.shownBy}\` shows.`,
    );
  return only.id;
}
