/**
 * One statement that only reads, with whose eyes it reads said before it, in one write and one round trip. PostgreSQL makes a transaction of all that comes
 * before a Sync, passes over the rest once something fails, and forgets the settings at the end: a statement cannot run without them, nor leave them behind.
 */
import pg from 'pg';
import { type Column, type KeptStatement, KeptStatements } from './kept-statements.ts';
import { GROUPS_SETTING, SETTING } from './roles.ts';

/** With whose eyes. */
export interface Eyes {
  readonly role: string;
  readonly tenantId: string;
  /** As an array of PostgreSQL; empty: the role does not ask. */
  readonly deviceGroups: string;
}

const EYES = {
  name: 'merlon_eyes',
  text: `select set_config('transaction_read_only', 'on', true), set_config('${SETTING}', $2, true),
    set_config('${GROUPS_SETTING}', $3, true), set_config('role', $1, true)`,
} as const;

/** PostgreSQL's word for a kept statement whose rows would look different now. */
const PLAN_CHANGED = '0A000';

type Parameter = string | Buffer | null;

/** What of node-postgres this leans on, which its types do not tell whole. Its own cursors are made of the same. */
interface Wire {
  readonly stream: { cork?(): void; uncork?(): void };
  parse(statement: { readonly name: string; readonly text: string }): void;
  bind(bound: { readonly statement: string; readonly values: readonly Parameter[] }): void;
  describe(what: { readonly type: 'P'; readonly name: string }): void;
  execute(what: object): void;
  close(what: { readonly type: 'S'; readonly name: string }): void;
  sync(): void;
}
/** A value as PostgreSQL reads it. */
const { prepareValue } = (pg as unknown as { utils: { prepareValue(value: unknown): Parameter } }).utils;

interface Connected {
  readonly statements: KeptStatements;
  /** It knows {@link EYES}. */
  ready: boolean;
}
const connections = new WeakMap<Wire, Connected>();

function connectedTo(wire: Wire): Connected {
  const known = connections.get(wire);
  if (known) return known;
  const made = { statements: new KeptStatements(), ready: false };
  connections.set(wire, made);
  return made;
}

export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

export async function readScoped(client: pg.PoolClient, eyes: Eyes, statement: Statement): Promise<object[]> {
  const once = () =>
    new Promise<object[]>((resolve, reject) => {
      client.query(new ScopedRead(eyes, statement, resolve, reject));
    });
  try {
    return await once();
  } catch (error) {
    // It was forgotten when it failed, and is read anew.
    if ((error as { code?: string }).code === PLAN_CHANGED) return once();
    throw error;
  }
}

/** What node-postgres calls, as it does for its own queries. */
class ScopedRead implements pg.Submittable {
  readonly #eyes: Eyes;
  readonly #statement: Statement;
  readonly #resolve: (rows: object[]) => void;
  readonly #reject: (error: Error) => void;
  readonly #rows: object[] = [];
  /** A plan holds the policies of the role it was made for. */
  readonly #key: string;
  #kept: KeptStatement | undefined;
  #columns: readonly Column[] = [];
  /** The settings have answered; what comes now is the statement's. */
  #seeing = false;
  #failed = false;

  constructor(
    eyes: Eyes,
    statement: Statement,
    resolve: (rows: object[]) => void,
    reject: (error: Error) => void,
  ) {
    this.#eyes = eyes;
    this.#statement = statement;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#key = `${eyes.role} ${statement.sql}`;
  }

  submit(connection: pg.Connection): Error | null {
    const wire = connection as unknown as Wire;
    const values: Parameter[] = [];
    try {
      for (const value of this.#statement.parameters) values.push(prepareValue(value));
    } catch (error) {
      return error as Error;
    }
    const connected = connectedTo(wire);
    const found = connected.statements.find(this.#key);
    this.#kept = found?.statement;
    const { name, columns } = this.#kept ?? { name: '', columns: null };
    wire.stream.cork?.();
    for (const dropped of connected.statements.takeDropped()) wire.close({ type: 'S', name: dropped });
    if (!connected.ready) {
      // It may be there all the same, if only its run failed; that it may not be is no error.
      wire.close({ type: 'S', name: EYES.name });
      wire.parse(EYES);
      connected.ready = true;
    }
    const { role, tenantId, deviceGroups } = this.#eyes;
    wire.bind({ statement: EYES.name, values: [role, tenantId, deviceGroups] });
    wire.execute({});
    if (found?.fresh !== false) wire.parse({ name, text: this.#statement.sql });
    wire.bind({ statement: name, values });
    if (columns) this.#columns = columns;
    else wire.describe({ type: 'P', name: '' });
    wire.execute({});
    wire.sync();
    wire.stream.uncork?.();
    return null;
  }

  handleRowDescription({ fields }: { fields: readonly { name: string; dataTypeID: number }[] }): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({
      name,
      parse: pg.types.getTypeParser(dataTypeID, 'text'),
    }));
    if (this.#kept) this.#kept.columns = this.#columns;
  }

  handleDataRow({ fields }: { fields: readonly (string | null)[] }): void {
    if (!this.#seeing || this.#failed) return;
    const row: Record<string, unknown> = {};
    try {
      this.#columns.forEach(({ name, parse }, at) => {
        const text = fields[at] ?? null;
        row[name] = text === null ? null : parse(text);
      });
      this.#rows.push(row);
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  handleCommandComplete(): void {
    this.#seeing = true;
  }

  handleEmptyQuery(): void {}

  handleError(error: Error, connection: pg.Connection | null): void {
    const wire = connection as unknown as Wire | null;
    const connected = wire && connections.get(wire);
    connected?.statements.drop(this.#key);
    if (connected && !this.#seeing) connected.ready = false;
    this.#fail(error);
  }

  handleReadyForQuery(): void {
    if (!this.#failed) this.#resolve(this.#rows);
  }

  #fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#reject(error);
  }
}
