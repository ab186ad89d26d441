/**
 * The socket on which a person follows a session and types into it. It shows the session's log from wherever the person has read to, so that a lost connection
 * loses nothing; and it is opened by a ticket, because a browser cannot put a token on a socket, and a token in an address would be written down on the way.
 */
import { createHash } from 'node:crypto';
import { ApiError, LIVE_LINE_CHARS } from '@merlon/contract';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { WebSocket } from 'ws';
import { defineSocket, type SocketRoute } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { Consoles, Typist } from './consoles.ts';
import { entryEntity, sessionEntity } from './session-entity.ts';
import type { SessionStore } from './session-store.ts';

export const CONSOLE_PATH = '/api/merlon/liveresponse/console';
const MAX_MESSAGE_BYTES = 64 * 1024;
/** Messages of a person that wait; more at once are no person's. */
const MAX_QUEUED = 32;
const ENTRIES_AT_ONCE = 200;
/** Whatever a notification would have said is looked for this often. */
const LOOK_EVERY_MS = 5_000;
const PING_EVERY_MS = 15_000;
const SILENCE_LIMIT_MS = 45_000;
/** Then a new ticket is needed: whoever lost the right to it gets none. */
const LONGEST_MS = 3_600_000;
const CLOSE = {
  over: 1000,
  badMessage: 1007,
  tooFast: 1008,
  failed: 1011,
  noTicket: 4401,
  anew: 4402,
} as const;

const Message = Type.Union([
  Type.Object(
    { type: Type.Literal('command'), line: Type.String({ maxLength: LIVE_LINE_CHARS }) },
    { additionalProperties: false },
  ),
  /** Breaks off the command of this number. */
  Type.Object(
    { type: Type.Literal('interrupt'), command: Type.Integer({ minimum: 1 }) },
    { additionalProperties: false },
  ),
]);
const messageValidator = Compile(Message);

export interface ConsoleSocketDeps {
  readonly consoles: Consoles;
  readonly sessions: SessionStore;
  readonly clock: Clock;
  readonly log: Logger;
}

export function consoleSocket(deps: ConsoleSocketDeps): SocketRoute {
  return defineSocket({
    id: 'liveresponse.console',
    path: CONSOLE_PATH,
    summary: 'A console session: its log as it grows, and what people type into it.',
    access: {
      kind: 'public',
      why: 'Opened by a ticket for one session, good once and for a minute, which only who may use it gets.',
    },
    maxPayload: MAX_MESSAGE_BYTES,
    open(socket, { url }) {
      const query = new URLSearchParams(url.split('?', 2)[1] ?? '');
      const after = Number(query.get('after') ?? 0);
      attend(
        deps,
        socket,
        query.get('ticket') ?? '',
        Number.isSafeInteger(after) && after > 0 ? after : 0,
      ).catch((error: unknown) => {
        deps.log.warn({ err: error }, 'a console socket failed');
        socket.close(CLOSE.failed, 'try again');
      });
    },
  });
}

export function ticketHash(ticket: string): string {
  return createHash('sha256').update(ticket).digest('hex');
}

async function attend(
  deps: ConsoleSocketDeps,
  socket: WebSocket,
  ticket: string,
  after: number,
): Promise<void> {
  const { consoles, sessions, clock, log } = deps;
  // What comes before the ticket is known waits in the socket.
  socket.pause();
  const typist = await sessions.redeem(ticketHash(ticket), clock.now());
  socket.resume();
  if (!typist) return socket.close(CLOSE.noTicket, 'the ticket is not known, or its time is over');
  const say = (message: object) =>
    new Promise<void>((resolve) => socket.send(JSON.stringify(message), () => resolve()));

  let heardAt = performance.now();
  const openedAt = heardAt;
  socket.on('pong', () => {
    heardAt = performance.now();
  });
  let queued = 0;
  let chain: Promise<void> = Promise.resolve();
  socket.on('message', (data, isBinary) => {
    heardAt = performance.now();
    const message = isBinary ? null : parse(String(data));
    if (!message) return socket.close(CLOSE.badMessage, 'a message is not one of the protocol');
    if (++queued > MAX_QUEUED) return socket.close(CLOSE.tooFast, 'too many messages at once');
    chain = chain
      .then(() => take(consoles, typist, message, say))
      .catch((error: unknown) => {
        log.warn({ err: error }, 'a line of a console session could not be taken');
        socket.close(CLOSE.failed, 'try again');
      })
      .finally(() => {
        queued -= 1;
      });
  });

  let wake: () => void = () => undefined;
  let rung = false;
  const ring = () => {
    rung = true;
    wake();
  };
  const unwatch = consoles.watch(typist.sessionId, ring);
  const timer = setInterval(() => {
    const now = performance.now();
    if (now - heardAt > SILENCE_LIMIT_MS) return socket.terminate();
    if (now - openedAt > LONGEST_MS) return socket.close(CLOSE.anew, 'ask for a new ticket');
    socket.ping();
  }, PING_EVERY_MS);
  socket.once('close', ring);
  try {
    let position = after;
    let shown = '';
    while (socket.readyState === socket.OPEN) {
      rung = false;
      const session = await sessions.find(typist.tenantId, typist.sessionId);
      if (!session) return socket.close(CLOSE.over, 'the session is not there any more');
      const entries = await sessions.entries(typist.tenantId, typist.sessionId, position, ENTRIES_AT_ONCE);
      const { status, endReason } = sessionEntity(session);
      if (status !== shown) {
        shown = status;
        await say({ type: 'session', session: { ...sessionEntity(session), status, endReason } });
      }
      for (const entry of entries) {
        // Waits until the socket has taken it: who does not read holds up nobody but himself.
        await say({ type: 'entry', entry: entryEntity(entry) });
        position = Number(entry.position);
      }
      if (entries.length === ENTRIES_AT_ONCE) continue;
      if (status === 'Ended') return socket.close(CLOSE.over, 'the session is over');
      if (!rung)
        await new Promise<void>((resolve) => {
          const patience = setTimeout(resolve, LOOK_EVERY_MS);
          wake = () => {
            clearTimeout(patience);
            resolve();
          };
        });
    }
  } finally {
    clearInterval(timer);
    unwatch();
  }
}

async function take(
  consoles: Consoles,
  typist: Typist,
  message: NonNullable<ReturnType<typeof parse>>,
  say: (message: object) => Promise<void>,
): Promise<void> {
  try {
    if (message.type === 'interrupt') return await consoles.interrupt(typist, message.command);
    await say({ type: 'accepted', line: message.line, command: await consoles.type(typist, message.line) });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status >= 500) throw error;
    const line = message.type === 'command' ? message.line : null;
    await say({ type: 'refused', line, code: error.code, message: error.publicMessage });
  }
}

function parse(text: string) {
  try {
    const value: unknown = JSON.parse(text);
    return messageValidator.Check(value) ? value : null;
  } catch {
    return null;
  }
}
