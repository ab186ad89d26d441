/** The addresses at which queries are run: each with its own shape, permission and limits, one way behind them. */
import type { ServerResponse } from 'node:http';
import {
  ApiError,
  GraphHuntingRequest,
  GraphHuntingResult,
  HuntingRequest,
  HuntingResult,
  HuntingResultWithStats,
  HuntingSchema,
  huntingResultTypes,
  type Permission,
} from '@merlon/contract';
import { Type } from 'typebox';
import {
  type ApiAccess,
  type Caller,
  defineRoute,
  type Reply,
  type Route,
  type RouteAudit,
} from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { recordedText } from '../../telemetry/recorded-query.ts';
import type { SpooledAnswer } from './answer-spool.ts';
import { type AnswerShape, answerWithStats, graphAnswer, plainAnswer } from './answer-text.ts';
import { type HuntingInterface, MAX_QUERY_BYTES } from './limits.ts';
import { PortalPages } from './portal-pages.ts';
import type { QueryRunner } from './run-query.ts';
import { readTimespan, type Timespan } from './timespan.ts';

/** JSON may write a character in six. */
const BODY_BYTES = 6 * MAX_QUERY_BYTES + 1_024;

const access = (application: Permission, delegated: Permission) =>
  ({
    kind: 'api',
    application: [application],
    delegated: [delegated],
    role: 'ViewData.SecurityOperations',
    deviceScope: 'filter',
  }) as const satisfies ApiAccess;

export const advancedQueryAccess = access('AdvancedQuery.Read.All', 'AdvancedQuery.Read');
const advancedHuntingAccess = access('AdvancedHunting.Read.All', 'AdvancedHunting.Read');
const threatHuntingAccess = access('ThreatHunting.Read.All', 'ThreatHunting.Read.All');

/** What a route of this file hands on. */
interface Asked {
  readonly caller: Caller;
  readonly audit: RouteAudit;
  readonly signal: AbortSignal;
  readonly node: { readonly response: ServerResponse };
}

export function huntingRoutes(deps: { readonly runner: QueryRunner; readonly clock: Clock }): Route[] {
  const { runner, clock } = deps;
  const pages = new PortalPages(clock);

  async function run(
    request: Asked,
    through: Exclude<HuntingInterface, 'portal'>,
    text: string,
    shape: AnswerShape,
    timespan: Timespan = {},
  ): Promise<Reply> {
    const { caller, audit, signal, node } = request;
    // In place of the body as sent: what its author marked as secret is not for the trail.
    audit.details({ request: { Query: recordedText(text) }, ...(caller.portal ? { portal: true } : {}) });
    if (caller.portal && pages.isAnother(caller, text)) audit.repeats();
    const answer = await runner.run(
      { caller, through: caller.portal ? 'portal' : through, text, timespan, signal },
      shape,
    );
    if (node.response.destroyed) answer.release();
    else node.response.once('close', answer.release);
    return reply(answer);
  }

  const runRoute = defineRoute({
    id: 'advancedqueries.run',
    method: 'POST',
    path: '/api/advancedqueries/run',
    summary: 'Run a hunting query, written in KQL.',
    access: advancedQueryAccess,
    audit: 'hunting.run',
    bodyLimit: BODY_BYTES,
    body: HuntingRequest,
    responses: { 200: HuntingResult },
    handle: (request) => run(request, 'api', request.body.Query, plainAnswer),
  });

  const byKey = defineRoute({
    id: 'advancedqueries.get',
    method: 'GET',
    path: '/api/advancedqueries',
    summary: 'Run a hunting query that stands in the address, as report builders do.',
    access: advancedQueryAccess,
    audit: 'hunting.run',
    query: Type.Object(
      { key: Type.String({ minLength: 1, description: 'The query, in KQL.' }) },
      { additionalProperties: false },
    ),
    responses: { 200: HuntingResult },
    handle: (request) => run(request, 'api', request.query.key, plainAnswer),
  });

  const schema = defineRoute({
    id: 'advancedqueries.schema',
    method: 'POST',
    path: '/api/advancedqueries/schema',
    summary: 'The columns that a hunting query would answer with.',
    access: advancedQueryAccess,
    audit: 'hunting.schema',
    bodyLimit: BODY_BYTES,
    body: HuntingRequest,
    responses: { 200: HuntingSchema },
    async handle({ caller, body, signal, audit }) {
      audit.details({ request: { Query: recordedText(body.Query) } });
      const through = caller.portal ? 'portal' : 'api';
      const columns = await runner.columns({ caller, through, text: body.Query, timespan: {}, signal });
      return {
        status: 200,
        body: { Schema: columns.map(({ name, type }) => ({ Name: name, Type: huntingResultTypes[type] })) },
      };
    },
  });

  const advancedHunting = defineRoute({
    id: 'advancedhunting.run',
    method: 'POST',
    path: '/api/advancedhunting/run',
    summary: 'Run a hunting query, written in KQL; the answer says what it took.',
    access: advancedHuntingAccess,
    audit: 'hunting.run',
    bodyLimit: BODY_BYTES,
    body: HuntingRequest,
    responses: { 200: HuntingResultWithStats },
    handle: (request) => run(request, 'xdr', request.body.Query, answerWithStats),
  });

  // Libraries call an action by its whole name, people by its last part.
  const graph = ['runHuntingQuery', 'microsoft.graph.security.runHuntingQuery'].map((name, index) =>
    defineRoute({
      id: index === 0 ? 'security.runHuntingQuery' : 'security.runHuntingQueryQualified',
      method: 'POST',
      path: `/v1.0/security/${name}`,
      summary: 'Run a hunting query, written in KQL, as Graph does.',
      access: threatHuntingAccess,
      audit: 'hunting.run',
      bodyLimit: BODY_BYTES,
      body: GraphHuntingRequest,
      responses: { 200: GraphHuntingResult },
      async handle(request) {
        const { body } = request;
        const text = body.Query ?? body.query;
        if (text === undefined) throw new ApiError('MissingRequiredParameter', "'Query' is required.");
        const span = body.Timespan ?? body.timespan;
        const timespan = span === undefined || span === null ? {} : readTimespan(span, clock.now());
        return run(request, 'graph', text, graphAnswer(request.origin), timespan);
      },
    }),
  );

  return [runRoute, byKey, schema, advancedHunting, ...graph];
}

function reply({ body, length }: SpooledAnswer): Reply {
  return {
    status: 200,
    body,
    headers: { 'content-type': 'application/json; charset=utf-8', 'content-length': String(length) },
  };
}
