/** Console sessions over the API: begin, read, approve and end them, and get the ticket that opens one's console. */
import { randomBytes } from 'node:crypto';
import { ApiError, isGuid, nowIso7 } from '@merlon/contract';
import { type Static, Type } from 'typebox';
import { type Caller, defineRoute, type Route, type RouteRequest } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Devices } from '../devices/index.ts';
import { linkAnswer, type Response } from '../response/index.ts';
import { CONSOLE_PATH, ticketHash } from './console-socket.ts';
import type { Consoles } from './consoles.ts';
import { over, type SessionApproval } from './session-approval.ts';
import { entryEntity, LiveEntry, LiveSession, sessionEntity } from './session-entity.ts';
import type { SessionRow, SessionStore } from './session-store.ts';

const TICKET_MS = 60_000;
const MAX_LISTED = 1_000;
const LOG_PAGE = 1_000;
const SESSIONS = '/api/merlon/liveresponse/sessions';
const access = {
  kind: 'api',
  application: ['Machine.LiveResponse'],
  delegated: ['Machine.LiveResponse'],
  role: 'LiveResponse.Basic',
} as const;
const approvalAccess = {
  kind: 'api',
  application: [],
  delegated: 'portal',
  role: 'ActiveRemediation.SecurityOperations',
  deviceScope: 'require',
} as const;
const idParams = Type.Object({ id: Type.String() });
const comment = Type.String({ maxLength: 4_000 });
const Word = Type.Object({ comment: Type.Optional(comment) }, { additionalProperties: false });

export interface SessionRouteDeps {
  readonly consoles: Consoles;
  readonly sessions: SessionStore;
  readonly devices: Pick<Devices, 'require'>;
  readonly response: Pick<Response, 'results' | 'links'>;
  readonly clock: Clock;
  readonly approval: SessionApproval;
}

export function sessionRoutes(deps: SessionRouteDeps): Route[] {
  const { consoles, sessions, devices, response, clock, approval } = deps;
  return [
    defineRoute({
      id: 'liveresponse.start',
      method: 'POST',
      path: SESSIONS,
      summary: 'Begin a console session on a device.',
      access: { ...access, deviceScope: 'require' },
      audit: 'liveResponse.start',
      body: Type.Object(
        {
          machineId: Type.String({ minLength: 1, maxLength: 255 }),
          comment: Type.String({ minLength: 1, maxLength: 4_000 }),
        },
        { additionalProperties: false },
      ),
      responses: { 201: LiveSession },
      async handle({ caller, body, audit }) {
        return {
          status: 201,
          body: sessionEntity(await consoles.start(caller, body.machineId, body.comment, audit)),
        };
      },
    }),
    defineRoute({
      id: 'liveresponse.list',
      method: 'GET',
      path: SESSIONS,
      summary: 'List console sessions, newest first.',
      access: { ...access, deviceScope: 'filter' },
      audit: null,
      query: Type.Object({
        status: Type.Optional(Type.Enum(['AwaitingApproval', 'Connecting', 'Connected', 'Ended'])),
      }),
      responses: { 200: Type.Object({ value: Type.Array(LiveSession) }) },
      handle: async ({ caller, query }) => ({
        status: 200,
        body: { value: (await sessions.list(caller, query.status ?? null, MAX_LISTED)).map(sessionEntity) },
      }),
    }),
    defineRoute({
      id: 'liveresponse.get',
      method: 'GET',
      path: `${SESSIONS}/:id`,
      summary: 'One console session.',
      access: { ...access, deviceScope: 'require' },
      audit: null,
      params: idParams,
      responses: { 200: LiveSession },
      handle: async (request) => ({ status: 200, body: sessionEntity(await sessionOf(request)) }),
    }),
    defineRoute({
      id: 'liveresponse.log',
      method: 'GET',
      path: `${SESSIONS}/:id/log`,
      summary:
        'The log of a console session, from after a position on: each word that was typed, and each of the device.',
      access: { ...access, deviceScope: 'require' },
      audit: null,
      params: idParams,
      query: Type.Object({ after: Type.Optional(Type.Integer({ minimum: 0 })) }),
      responses: { 200: Type.Object({ value: Type.Array(LiveEntry) }) },
      async handle(request) {
        const { id } = await sessionOf(request);
        const entries = await sessions.entries(request.caller, id, request.query.after ?? 0, LOG_PAGE);
        return { status: 200, body: { value: entries.map(entryEntity) } };
      },
    }),
    defineRoute({
      id: 'liveresponse.ticket',
      method: 'POST',
      path: `${SESSIONS}/:id/ticket`,
      summary: 'A ticket that opens the console of a session, once and within a minute.',
      access: { ...access, deviceScope: 'require' },
      audit: 'liveResponse.attend',
      params: idParams,
      body: Type.Object({}, { additionalProperties: false }),
      responses: {
        200: Type.Object({ ticket: Type.String(), url: Type.String(), expiresDateTimeUtc: Type.String() }),
      },
      async handle(request) {
        const session = await sessionOf(request);
        const { caller, origin } = request;
        await devices.require(caller, session.machine_id, 'act');
        const ticket = randomBytes(32).toString('base64url');
        const expiresAt = new Date(clock.now().getTime() + TICKET_MS);
        const { kind, id, name, clientId, tenantId } = caller;
        await sessions.ticket(tenantId, {
          tokenHash: ticketHash(ticket),
          sessionId: session.id,
          holder: {
            kind,
            id,
            name: kind === 'user' ? name : id,
            clientId,
            // Programs hold the permission as a whole; people hold it by halves.
            advanced: kind === 'application' || caller.roles.has('LiveResponse.Advanced'),
          },
          expiresAt,
        });
        return {
          status: 200,
          body: {
            ticket,
            url: `${origin.replace(/^http/, 'ws')}${CONSOLE_PATH}?ticket=${ticket}`,
            expiresDateTimeUtc: nowIso7(expiresAt),
          },
        };
      },
    }),
    defineRoute({
      id: 'liveresponse.close',
      method: 'POST',
      path: `${SESSIONS}/:id/close`,
      summary: 'End a console session.',
      access: { ...access, deviceScope: 'require' },
      audit: 'liveResponse.end',
      params: idParams,
      body: Type.Object({}, { additionalProperties: false }),
      responses: { 200: LiveSession },
      async handle(request) {
        const { id, machine_id } = await sessionOf(request);
        await devices.require(request.caller, machine_id, 'act');
        const ended = await consoles.end(
          request.caller.tenantId,
          id,
          `${request.caller.name} ended it.`,
          (db) => request.audit.recordIn(db),
        );
        if (!ended) throw over(id);
        return { status: 200, body: sessionEntity(ended) };
      },
    }),
    defineRoute({
      id: 'liveresponse.approve',
      method: 'POST',
      path: `${SESSIONS}/:id/approve`,
      summary: 'Approve a console session that somebody else wants to begin.',
      access: approvalAccess,
      audit: 'liveResponse.approve',
      params: idParams,
      body: Word,
      responses: { 200: LiveSession },
      handle: async (request) => ({ status: 200, body: await decide(request, 'approve') }),
    }),
    defineRoute({
      id: 'liveresponse.reject',
      method: 'POST',
      path: `${SESSIONS}/:id/reject`,
      summary: 'Reject a console session that somebody else wants to begin.',
      access: approvalAccess,
      audit: 'liveResponse.reject',
      params: idParams,
      body: Word,
      responses: { 200: LiveSession },
      handle: async (request) => ({ status: 200, body: await decide(request, 'reject') }),
    }),
    defineRoute({
      id: 'liveresponse.result',
      method: 'GET',
      path: `${SESSIONS}/:id/results/:command`,
      summary: 'A link to the file that a command of a console session handed in.',
      access: { ...access, deviceScope: 'require' },
      audit: 'liveResponse.link',
      params: Type.Object({ id: Type.String(), command: Type.String({ pattern: '^[1-9][0-9]{0,8}$' }) }),
      responses: { 200: linkAnswer },
      async handle(request) {
        const { id } = await sessionOf(request);
        const { caller, params, origin, audit } = request;
        const { command } = params;
        const done = await sessions.result(caller.tenantId, id, Number(command));
        const whole = await response.results.whole(caller.tenantId, id, command, clock.now());
        if (!done || !whole)
          throw new ApiError(
            'ResourceNotFound',
            `Command ${command} handed in no file, or it is not kept any more.`,
          );
        return response.links.answer(
          { caller, origin, audit },
          whole,
          { fileName: done, contentType: 'application/octet-stream' },
          'liveSession',
        );
      },
    }),
  ];

  async function sessionOf(
    request: Pick<RouteRequest, 'audit'> & { params: { id: string }; caller: Caller },
  ): Promise<SessionRow> {
    const { id } = request.params;
    request.audit.target('liveSession', id);
    const row = isGuid(id) ? await sessions.find(request.caller, id) : undefined;
    if (!row) throw new ApiError('ResourceNotFound', `Live response session ${id} was not found.`);
    return row;
  }

  async function decide(
    request: Pick<RouteRequest, 'audit'> & {
      readonly params: { readonly id: string };
      readonly caller: Caller;
      readonly body: Static<typeof Word>;
    },
    decision: 'approve' | 'reject',
  ): Promise<LiveSession> {
    const { id } = await sessionOf(request);
    const { caller, audit, body } = request;
    const decided = await approval.decide(id, decision, { caller, audit, comment: body.comment ?? null });
    if (!decided) throw new ApiError('ResourceNotFound', `Live response session ${id} was not found.`);
    return sessionEntity(decided);
  }
}
