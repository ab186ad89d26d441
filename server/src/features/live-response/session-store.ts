/** All SQL of console sessions: their state, their log, and the tickets that open them. */
import { randomUUID } from 'node:crypto';
import { LIVE_IDLE_MS, type LiveFile, type LiveInputKind, type LiveWord } from '@merlon/contract';
import { isUniqueViolation, type StateStore, type TenantScope } from '@merlon/state-store';
import { type Insertable, type Selectable, sql, type Transaction } from 'kysely';
import type { ConsoleDb, TicketHolder } from './console-database.ts';
import { nextSessionState, type SessionEvent } from './session-state.ts';

/** Characters of a session's log; over it the session ends. */
const LOG_CHARACTERS = 64 * 1024 * 1024;
const ANSWER_MS = 60_000;
const APPROVAL_MS = 7 * 24 * 3_600_000;
/** How long the log of an ended session is kept. */
const KEPT_MS = 180 * 24 * 3_600_000;
/** How long a device is still told that a session is over. */
const FAREWELL_MS = 3_600_000;
const PER_SWEEP = 500;

export type SessionRow = Selectable<ConsoleDb['live_sessions']>;
export type EntryRow = Selectable<ConsoleDb['live_entries']>;
export type ConsoleTransaction = Transaction<ConsoleDb>;
export type Alongside = (db: ConsoleTransaction) => Promise<void>;

export interface NewSession {
  readonly machineId: string;
  readonly machineName: string;
  readonly comment: string;
  readonly requestor: { readonly kind: 'application' | 'user'; readonly id: string; readonly name: string };
  readonly policy: string | null;
}

export interface NewInput {
  readonly kind: LiveInputKind;
  readonly text: string;
  readonly author: string | null;
  readonly advanced: boolean;
  readonly file?: LiveFile;
}

export interface Ending {
  readonly reason: string;
  readonly alongside?: (db: ConsoleTransaction, row: SessionRow) => Promise<void>;
}

/** What became of a word of the device. */
export type WordOutcome =
  /** Kept, or nothing that could be: either way it need not come again. */
  | { readonly kind: 'stored'; readonly row: SessionRow | null; readonly dropped: boolean }
  /** One before it is missing. */
  | { readonly kind: 'early' };

export type SessionStore = ReturnType<typeof sessionStore>;

export function sessionStore(state: StateStore) {
  const inTenant = <T>(scope: string | TenantScope, work: (db: ConsoleTransaction) => Promise<T>) =>
    state.tenant<ConsoleDb, T>(scope, work);

  return {
    /** Null: a session is open on the device already. */
    async create(
      tenantId: string,
      session: NewSession,
      now: Date,
      alongside: (db: ConsoleTransaction, id: string) => Promise<void>,
    ) {
      try {
        return await inTenant(tenantId, async (db) => {
          const row = await db
            .insertInto('live_sessions')
            .values({
              id: randomUUID(),
              machine_id: session.machineId,
              computer_dns_name: session.machineName,
              state: session.policy === null ? 'Connecting' : 'AwaitingApproval',
              comment: session.comment,
              requestor_kind: session.requestor.kind,
              requestor_id: session.requestor.id,
              requestor_name: session.requestor.name,
              created_at: now,
              active_at: now,
              policy: session.policy,
              input_seq: 0,
              taken_seq: 0,
              output_seq: 0,
              next_position: 1,
              log_bytes: 0,
            })
            .returningAll()
            .executeTakeFirstOrThrow();
          if (session.policy === null) await addInput(db, row, OPEN, now);
          await alongside(db, row.id);
          return await find(db, row.id);
        });
      } catch (error) {
        if (isUniqueViolation(error)) return null;
        throw error;
      }
    },

    find: (scope: string | TenantScope, id: string) => inTenant(scope, (db) => find(db, id)),

    /** Newest first. */
    list(scope: TenantScope, state: SessionRow['state'] | null, limit: number): Promise<SessionRow[]> {
      return inTenant(scope, (db) => {
        const all = db.selectFrom('live_sessions').selectAll().orderBy('created_at', 'desc').limit(limit);
        return (state === null ? all : all.where('state', '=', state)).execute();
      });
    },

    /** Undefined: it does not wait for approval any more. */
    approve(
      tenantId: string,
      id: string,
      word: { by: string; comment: string | null },
      now: Date,
      alongside: Alongside,
    ): Promise<SessionRow | undefined> {
      return inTenant(tenantId, async (db) => {
        const row = await lock(db, id);
        const next = row && nextSessionState(row.state, 'approved');
        if (!row || !next) return undefined;
        await set(db, id, {
          state: next,
          active_at: now,
          approval_by: word.by,
          approval_comment: word.comment,
        });
        await addInput(db, row, OPEN, now);
        await alongside(db);
        return find(db, id);
      });
    },

    /** Undefined: it was over already, or there is none. */
    end(tenantId: string, id: string, ending: Ending, now: Date): Promise<SessionRow | undefined> {
      return inTenant(tenantId, async (db) => {
        const row = await lock(db, id);
        return row && end(db, row, ending, now);
      });
    },

    /** Undefined: the session takes no more. */
    input(
      tenantId: string,
      id: string,
      input: NewInput,
      now: Date,
      alongside: (db: ConsoleTransaction, seq: number) => Promise<void>,
    ): Promise<number | undefined> {
      return inTenant(tenantId, async (db) => {
        const row = await lock(db, id);
        if (row?.state !== 'Connecting' && row?.state !== 'Connected') return undefined;
        const seq = await addInput(db, row, input, now);
        await set(db, id, { active_at: now });
        await alongside(db, seq);
        return seq;
      });
    },

    /** What the server has to say in a session. */
    async note(
      tenantId: string,
      id: string,
      text: string,
      author: string | null,
      now: Date,
      alongside: Alongside,
    ): Promise<void> {
      await inTenant(tenantId, async (db) => {
        const row = await lock(db, id);
        if (!row) return;
        await addEntry(db, row, { kind: 'event', command: 0, stream: null, text, author, at: now });
        await set(db, id, { active_at: now });
        await alongside(db);
      });
    },

    /** What the device has not confirmed yet, in order. */
    untaken(tenantId: string, id: string): Promise<EntryRow[]> {
      return inTenant(tenantId, async (db) => {
        const row = await find(db, id);
        if (!row) return [];
        return db
          .selectFrom('live_entries')
          .selectAll()
          .where('session_id', '=', id)
          .where('kind', '=', 'input')
          .where('command', '>', row.taken_seq)
          .orderBy('command')
          .execute();
      });
    },

    /** Sessions of a device for which it may have to be told something. */
    ofDevice(tenantId: string, machineId: string, now: Date): Promise<string[]> {
      return inTenant(tenantId, async (db) => {
        const rows = await db
          .selectFrom('live_sessions')
          .select('id')
          .where('machine_id', '=', machineId)
          .whereRef('input_seq', '>', 'taken_seq')
          .where((e) =>
            e.or([
              e('state', 'in', ['Connecting', 'Connected']),
              e('ended_at', '>', new Date(now.getTime() - FAREWELL_MS)),
            ]),
          )
          .execute();
        return rows.map(({ id }) => id);
      });
    },

    /** Null: no session of this device. `ending` as of {@link end}, for a device that says that it knows no such session. */
    taken(
      tenantId: string,
      machineId: string,
      id: string,
      word: { readonly taken: number; readonly unknown: boolean },
      ending: Ending,
      now: Date,
    ): Promise<SessionRow | null> {
      return inTenant(tenantId, async (db) => {
        const row = await lock(db, id);
        if (row?.machine_id !== machineId) return null;
        const ended = word.unknown ? await end(db, row, ending, now) : undefined;
        const newest = ended?.input_seq ?? row.input_seq;
        // One that knows nothing of it need not be told that it is over.
        const taken = word.unknown ? newest : Math.min(word.taken, newest);
        if (taken > row.taken_seq) await set(db, id, { taken_seq: taken });
        return (await find(db, id)) ?? null;
      });
    },

    /** Keeps a word of the device: all of it is a claim, and none goes beyond its own session. */
    word(
      tenantId: string,
      machineId: string,
      frame: {
        readonly sessionId: string;
        readonly seq: number;
        readonly taken: number;
        readonly word: LiveWord;
      },
      ending: Pick<Ending, 'alongside'>,
      now: Date,
    ): Promise<WordOutcome> {
      const { sessionId: id, seq, word } = frame;
      return inTenant<WordOutcome>(tenantId, async (db) => {
        const row = await lock(db, id);
        if (row?.machine_id !== machineId) return { kind: 'stored', row: null, dropped: false };
        if (seq > row.output_seq + 1) return { kind: 'early' };
        if (seq <= row.output_seq) return { kind: 'stored', row, dropped: false };
        await set(db, id, {
          output_seq: seq,
          active_at: now,
          taken_seq: Math.max(row.taken_seq, Math.min(frame.taken, row.input_seq)),
        });
        let dropped = false;
        switch (word.kind) {
          case 'opened': {
            const next = nextSessionState(row.state, 'opened');
            if (next) await set(db, id, { state: next, connected_at: now });
            break;
          }
          case 'output':
          case 'done':
            dropped = Number(row.log_bytes) > LOG_CHARACTERS || word.command > row.input_seq;
            if (!dropped) await addEntry(db, row, entryOf(word, now));
            if (Number(row.log_bytes) > LOG_CHARACTERS)
              await end(db, row, { ...ending, reason: 'Its log is full.' }, now);
            break;
          case 'ended':
            await end(db, row, { ...ending, reason: word.reason }, now);
            break;
          default:
            throw new Error(`unknown word ${JSON.stringify(word satisfies never)}`);
        }
        return { kind: 'stored', row: (await find(db, id)) ?? null, dropped };
      });
    },

    entries(scope: string | TenantScope, id: string, after: number, limit: number): Promise<EntryRow[]> {
      return inTenant(scope, (db) =>
        db
          .selectFrom('live_entries')
          .selectAll()
          .where('session_id', '=', id)
          .where('position', '>', sql<string>`${after}`)
          .orderBy('position')
          .limit(limit)
          .execute(),
      );
    },

    /** The input of that sequence, if it is a command. */
    command(tenantId: string, id: string, seq: number): Promise<EntryRow | undefined> {
      return inTenant(tenantId, (db) =>
        db
          .selectFrom('live_entries')
          .selectAll()
          .where('session_id', '=', id)
          .where('kind', '=', 'input')
          .where('stream', '=', 'command')
          .where('command', '=', seq)
          .executeTakeFirst(),
      );
    },

    /** Name of the file that a command handed in, by the device's word. */
    async result(tenantId: string, id: string, command: number): Promise<string | null> {
      return inTenant(tenantId, async (db) => {
        const row = await db
          .selectFrom('live_entries')
          .select('result')
          .where('session_id', '=', id)
          .where('command', '=', command)
          .where('stream', '=', 'done')
          .executeTakeFirst();
        return row?.result ?? null;
      });
    },

    /** Whether a command of the session names a library file of this hash. */
    async names(tenantId: string, id: string, sha256: string): Promise<boolean> {
      return inTenant(tenantId, async (db) => {
        const row = await db
          .selectFrom('live_entries')
          .select('position')
          .where('session_id', '=', id)
          .where(sql<boolean>`file ->> 'sha256' = ${sha256}`)
          .limit(1)
          .executeTakeFirst();
        return row !== undefined;
      });
    },

    async ticket(
      tenantId: string,
      ticket: { tokenHash: string; sessionId: string; holder: TicketHolder; expiresAt: Date },
    ): Promise<void> {
      await inTenant(tenantId, (db) =>
        db
          .insertInto('live_tickets')
          .values({
            token_hash: ticket.tokenHash,
            session_id: ticket.sessionId,
            holder: JSON.stringify(ticket.holder),
            expires_at: ticket.expiresAt,
          })
          .execute(),
      );
    },

    /** Across tenants, once. */
    redeem(
      tokenHash: string,
      now: Date,
    ): Promise<{ tenantId: string; sessionId: string; holder: TicketHolder } | undefined> {
      return state.system<
        ConsoleDb,
        { tenantId: string; sessionId: string; holder: TicketHolder } | undefined
      >(async (db) => {
        const row = await db
          .deleteFrom('live_tickets')
          .where('token_hash', '=', tokenHash)
          .where('expires_at', '>', now)
          .returningAll()
          .executeTakeFirst();
        return row && { tenantId: row.tenant_id, sessionId: row.session_id, holder: row.holder };
      });
    },

    /** Across tenants: sessions whose time is over, and why. */
    overdue(now: Date): Promise<{ tenantId: string; id: string; reason: string }[]> {
      const before = (ms: number) => new Date(now.getTime() - ms);
      return state.system<ConsoleDb, { tenantId: string; id: string; reason: string }[]>(async (db) => {
        const rows = await db
          .selectFrom('live_sessions')
          .select(['tenant_id', 'id', 'state'])
          .where((e) =>
            e.or([
              e.and([e('state', '=', 'Connecting'), e('active_at', '<=', before(ANSWER_MS))]),
              e.and([e('state', '=', 'Connected'), e('active_at', '<=', before(LIVE_IDLE_MS))]),
              e.and([e('state', '=', 'AwaitingApproval'), e('active_at', '<=', before(APPROVAL_MS))]),
            ]),
          )
          .limit(PER_SWEEP)
          .execute();
        return rows.map(({ tenant_id: tenantId, id, state: at }) => ({
          tenantId,
          id,
          reason: overdueReason(at),
        }));
      });
    },

    /** Across tenants. */
    async forget(now: Date): Promise<void> {
      await state.system<ConsoleDb, void>(async (db) => {
        await db.deleteFrom('live_tickets').where('expires_at', '<=', now).execute();
        const old = db
          .selectFrom('live_sessions')
          .select('id')
          .where('ended_at', '<', new Date(now.getTime() - KEPT_MS));
        await db.deleteFrom('live_entries').where('session_id', 'in', old).execute();
        await db.deleteFrom('live_sessions').where('id', 'in', old).execute();
      });
    },
  };
}

const OPEN: NewInput = { kind: 'open', text: '', author: null, advanced: false };
const CLOSE: NewInput = { kind: 'close', text: '', author: null, advanced: false };

function overdueReason(state: SessionRow['state']): string {
  switch (state) {
    case 'AwaitingApproval':
      return 'Nobody approved it in time.';
    case 'Connecting':
      return 'The device did not answer within a minute.';
    case 'Connected':
    case 'Ended':
      return 'It was idle for half an hour.';
    default:
      throw new Error(`unknown state ${state satisfies never as string}`);
  }
}

function find(db: ConsoleTransaction, id: string): Promise<SessionRow | undefined> {
  return db.selectFrom('live_sessions').selectAll().where('id', '=', id).executeTakeFirst();
}

function lock(db: ConsoleTransaction, id: string): Promise<SessionRow | undefined> {
  return db.selectFrom('live_sessions').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
}

async function set(
  db: ConsoleTransaction,
  id: string,
  changes: Partial<
    Pick<
      SessionRow,
      | 'state'
      | 'active_at'
      | 'connected_at'
      | 'ended_at'
      | 'end_reason'
      | 'approval_by'
      | 'approval_comment'
      | 'input_seq'
      | 'taken_seq'
      | 'output_seq'
    >
  >,
): Promise<void> {
  await db.updateTable('live_sessions').set(changes).where('id', '=', id).execute();
}

async function end(
  db: ConsoleTransaction,
  row: SessionRow,
  { reason, alongside }: Ending,
  now: Date,
): Promise<SessionRow | undefined> {
  const event: SessionEvent = 'ended';
  const next = nextSessionState(row.state, event);
  if (!next) return undefined;
  if (row.state !== 'AwaitingApproval') await addInput(db, row, CLOSE, now);
  await addEntry(db, row, {
    kind: 'event',
    command: 0,
    stream: null,
    text: `The session is over. ${reason}`,
    author: null,
    at: now,
  });
  await set(db, row.id, { state: next, ended_at: now, end_reason: reason });
  const ended = await find(db, row.id);
  if (ended) await alongside?.(db, ended);
  return ended;
}

/** Its sequence. */
async function addInput(
  db: ConsoleTransaction,
  { id }: Pick<SessionRow, 'id'>,
  input: NewInput,
  at: Date,
): Promise<number> {
  const { input_seq: seq } = await db
    .updateTable('live_sessions')
    .set({ input_seq: sql<number>`input_seq + 1` })
    .where('id', '=', id)
    .returning('input_seq')
    .executeTakeFirstOrThrow();
  const { kind, text, author, advanced, file } = input;
  await addEntry(
    db,
    { id },
    {
      kind: 'input',
      command: seq,
      stream: kind,
      text,
      author,
      advanced,
      file: file ? JSON.stringify(file) : null,
      at,
    },
  );
  return seq;
}

type NewEntry = Omit<
  Insertable<ConsoleDb['live_entries']>,
  'tenant_id' | 'session_id' | 'position' | 'advanced'
> & {
  readonly advanced?: boolean;
};

async function addEntry(
  db: ConsoleTransaction,
  { id }: Pick<SessionRow, 'id'>,
  entry: NewEntry,
): Promise<void> {
  const { position } = await db
    .updateTable('live_sessions')
    .set({
      next_position: sql<number>`next_position + 1`,
      log_bytes: sql<number>`log_bytes + ${entry.text.length}`,
    })
    .where('id', '=', id)
    .returning(sql<string>`next_position - 1`.as('position'))
    .executeTakeFirstOrThrow();
  await db
    .insertInto('live_entries')
    .values({ advanced: false, ...entry, session_id: id, position: Number(position) })
    .execute();
}

function entryOf(word: Extract<LiveWord, { kind: 'output' | 'done' }>, at: Date): NewEntry {
  return word.kind === 'output'
    ? { kind: 'output', command: word.command, stream: word.stream, text: word.text, at }
    : {
        kind: 'output',
        command: word.command,
        stream: 'done',
        text: word.outcome,
        result: word.result ?? null,
        at,
      };
}
