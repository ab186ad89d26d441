/** The reference pages, made from contract. Pure: data in, Markdown out. */
import {
  acceptedAudiences,
  actionTypeRenames,
  actionTypes,
  additionalFieldKeys,
  apiErrors,
  builtInAdministratorRole,
  documentedEndpoints,
  type HuntingTable,
  huntingTables,
  permissions,
  portalPermissions,
  tablesNotKept,
} from '@merlon/contract';
import { type EventMapping, type SourceMapping, sourceMappings } from '@merlon/telemetry';

const NOTICE = '<!-- Made from packages/contract by `node scripts/generate-reference.mjs`. Do not edit. -->';

const cell = (text: string) => text.replaceAll('|', '\\|');
const code = (text: string) => `\`${text}\``;
const codes = (texts: readonly string[]) => texts.map(code).join(', ');

function grid(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

const page = (...parts: readonly (string | null)[]) =>
  `${parts.filter((part) => part !== null).join('\n\n')}\n`;

const statusNotes: Readonly<Record<HuntingTable['status'], string | null>> = {
  ga: null,
  preview: 'Preview: columns may still change.',
  beta: 'Beta: columns may still change.',
  legacy: 'Legacy: kept for old queries.',
};

function tableSection(table: HuntingTable): string {
  const facts = [
    `${table.description}.`,
    statusNotes[table.status],
    table.legacyNames.length > 0 ? `Formerly ${codes(table.legacyNames)}.` : null,
    table.supersedes.length > 0 ? `Took the place of ${codes(table.supersedes)}.` : null,
    table.nearRealTime ? 'Custom detections over it may run continuously.' : null,
  ];
  const renames = Object.entries(table.columnRenames).map(([from, to]) => `${code(from)} is now ${code(to)}`);
  const merges = Object.entries(table.columnMerges).map(
    ([to, from]) => `${codes(from)} went into ${code(to)}`,
  );
  const changes = [...renames, ...merges];
  const kinds = actionTypes[table.name];
  const kindRenames = Object.entries(actionTypeRenames[table.name] ?? {});
  const withKeys = (kinds ?? []).flatMap((kind) => {
    const keys = additionalFieldKeys[kind];
    return keys ? [[code(kind), codes(keys)]] : [];
  });
  return page(
    `## ${table.name}`,
    facts.filter((fact) => fact !== null).join(' '),
    grid(
      ['Column', 'Type', 'Meaning'],
      table.columns.map((column) => [code(column.name), column.type, column.description]),
    ),
    changes.length > 0 ? `Column names of the past: ${changes.join('; ')}.` : null,
    kinds ? `Values of \`ActionType\`: ${codes(kinds)}.` : null,
    kindRenames.length > 0
      ? `Values of the past: ${kindRenames.map(([from, to]) => `${code(from)} is now ${code(to)}`).join('; ')}.`
      : null,
    withKeys.length > 0 ? grid(['ActionType', 'Keys in AdditionalFields'], withKeys) : null,
  ).trimEnd();
}

function huntingPage(): string {
  const columns = huntingTables.reduce((sum, table) => sum + table.columns.length, 0);
  return page(
    NOTICE,
    '# Hunting tables',
    `${huntingTables.length} tables, ${columns} columns. Names of tables and columns are case-sensitive. All times are UTC. A former name of a table or column may still be used where this page says so.`,
    grid(
      ['Table', 'Holds'],
      huntingTables.map((table) => [`[${table.name}](#${table.name.toLowerCase()})`, table.description]),
    ),
    `Tables of the wider schema that Merlon does not keep: ${codes(Object.values(tablesNotKept).flat())}.`,
    ...huntingTables.map(tableSection),
  );
}

function errorsPage(): string {
  return page(
    NOTICE,
    '# Errors',
    'An error answer has this body; `target` is unique to the request and stands in the log of the server as well. Decide by `code`: `message` is for people and may change.',
    '```json\n{ "error": { "code": "ResourceNotFound", "message": "The resource was not found.", "target": "5c0a5f6e-…" } }\n```',
    'Codes marked *own* are not known from the real service; they occur where it has no counterpart, chiefly between device and server.',
    grid(
      ['Code', 'Status', 'Usual message', ''],
      Object.entries(apiErrors).map(([name, spec]) => [
        code(name),
        String(spec.status),
        spec.text === '' ? '(none)' : spec.text,
        spec.origin === 'merlon' ? '*own*' : '',
      ]),
    ),
  );
}

function permissionsPage(): string {
  return page(
    NOTICE,
    '# Permissions',
    'A token asks for the permission of the route. An application carries names of the first column in `roles` and sees the whole tenant. A user carries names of the second column in `scp`, needs the portal permission of the route besides, and sees only devices of device groups open to the user.',
    grid(
      ['Application', 'User', 'Meaning'],
      permissions.map((p) => [
        code(p.application),
        p.delegated === null ? '—' : code(p.delegated),
        p.displayName,
      ]),
    ),
    `Audiences under which a token for this API may be asked: ${codes(acceptedAudiences)}. A trailing slash does not matter.`,
    '## Portal permissions',
    `A role holds any of these; a user holds those of all roles of the user's groups. The built-in role "${builtInAdministratorRole}" holds all.`,
    grid(
      ['Permission', 'Shown as', 'Allows'],
      Object.entries(portalPermissions).map(([name, spec]) => [
        code(name),
        spec.part === null ? spec.group : `${spec.group} – ${spec.part}`,
        spec.allows,
      ]),
    ),
  );
}

/** Path below the root of the repository -> content. */
function supportPage(): string {
  const groups = new Map<string, (typeof documentedEndpoints)[number][]>();
  for (const endpoint of documentedEndpoints) {
    const [group = ''] = endpoint.id.split('.');
    groups.set(group, [...(groups.get(group) ?? []), endpoint]);
  }
  const answered = documentedEndpoints.filter((endpoint) => endpoint.answered).length;
  return page(
    '# Support matrix',
    NOTICE,
    `The documented end points of the service and what Merlon does about them: ${answered} of ${documentedEndpoints.length} answer. The rest answer 404. A test compares this page with the routes of a running server. All addresses under \`/api\` also stand under \`/api/v1.0\`, in any case, with doubled and trailing slashes.`,
    ...[...groups].map(([group, endpoints]) =>
      [
        `## ${group}`,
        grid(
          ['End point', 'In the documentation', 'Here', 'Difference'],
          endpoints.map(({ method, path, state, answered, difference }) => [
            code(`${method} ${path}`),
            state,
            answered ? 'yes' : 'no',
            difference ?? '',
          ]),
        ),
      ].join('\n\n'),
    ),
  );
}

function actionText(action: EventMapping['action']): string {
  if (typeof action === 'string') return code(action);
  const cases = Object.entries(action.cases).map(([said, means]) => `${said}: ${code(means)}`);
  const otherwise = action.otherwise === null ? 'otherwise malformed' : `otherwise ${code(action.otherwise)}`;
  return `by ${codes(action.from)}: ${[...cases, otherwise].join(', ')}`;
}

const MANY_COLUMNS = 12;

function eventSection(event: EventMapping): string {
  const rules = event.rules.map((rule) => [
    rule.from.length === 0 ? '—' : codes(rule.from),
    // A rule that fills them all is said in one word.
    rule.to.length > MANY_COLUMNS ? code('InitiatingProcess…') : codes(rule.to),
    rule.how,
  ]);
  const additional = event.additional.map((entry) => {
    const [field, key] = typeof entry === 'string' ? [entry, entry] : entry;
    return field === key ? code(field) : `${code(field)} as ${code(key)}`;
  });
  return page(
    `### ${event.id}: ${event.title}`,
    `${code(event.table)}, ActionType ${actionText(event.action)}.`,
    grid(['Field', 'Column', 'How'], rules),
    additional.length > 0 ? `In AdditionalFields: ${additional.join(', ')}.` : null,
  ).trimEnd();
}

function sourceSection({ title, name, about, events }: SourceMapping): string {
  const mapped = events.filter((event) => event.table !== null);
  const left = events.filter((event) => event.table === null);
  return page(
    `## ${title}`,
    `${code(name)} in counts. ${about}`,
    ...mapped.map(eventSection),
    left.length > 0 ? 'Events that make no row:' : null,
    left.length > 0
      ? grid(
          ['Event', 'What', 'Why'],
          left.map(({ id, title: what, why }) => [code(id), what, why]),
        )
      : null,
  ).trimEnd();
}

function telemetryPage(): string {
  const mapped = sourceMappings.reduce(
    (sum, { events }) => sum + events.filter((e) => e.table !== null).length,
    0,
  );
  return page(
    '<!-- Made from packages/telemetry by `node scripts/generate-reference.mjs`. Do not edit. -->',
    '# Telemetry mapping',
    `What becomes of events of agents that people already run: ${sourceMappings.length} sources, ${mapped} kinds of event that make rows. How they come here: [collectors.md](../guides/collectors.md). A rule further down the list wins over those above it. Fields that are not listed are not kept. Where a column is filled by nothing, it is empty. Events of other ids are counted and left out; \`merlon collector counts\` shows them.`,
    '`InitiatingProcess…` columns that an event does not name itself come from the event of that process’s start, when it was seen.',
    grid(
      ['Source', 'In counts', 'Events that make rows'],
      sourceMappings.map(({ title, name, events }) => [
        title,
        code(name),
        events.flatMap(({ id, table }) => (table === null ? [] : [id])).join(', '),
      ]),
    ),
    ...sourceMappings.map(sourceSection),
  );
}

export function referencePages(): Readonly<Record<string, string>> {
  return {
    'docs/reference/hunting-tables.md': huntingPage(),
    'docs/reference/errors.md': errorsPage(),
    'docs/reference/permissions.md': permissionsPage(),
    'docs/reference/support-matrix.md': supportPage(),
    'docs/reference/telemetry-mapping.md': telemetryPage(),
  };
}
