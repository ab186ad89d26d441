/** The doors for programs that ship JSON, lines of logs, or files of events. */
import { ApiError } from '@merlon/contract';
import { Type } from 'typebox';
import { defineRoute, type Route } from '../../http/route.ts';
import type { Collect } from './collect.ts';
import { type BodyFormat, COLLECT_LIMITS } from './read-body.ts';

export const COLLECT_PATH = '/collect/v1';

const HostQuery = Type.Object({
  host: Type.Optional(
    Type.String({ minLength: 1, maxLength: 253, description: 'Host of records that name none.' }),
  ),
});
const Summary = Type.Object({
  accepted: Type.Integer({ description: 'Events that made rows.' }),
  left: Type.Integer({ description: 'Events of which there is nothing to keep.' }),
  rejected: Type.Integer({ description: 'Events that could not be taken.' }),
  rejectedReasons: Type.Array(Type.Object({ reason: Type.String(), events: Type.Integer() })),
});
const REASONS_LISTED = 20;

export function collectRoutes(collect: Collect): Route[] {
  const door = (id: string, path: string, summary: string, bodyLimit: number): Route =>
    defineRoute({
      id,
      method: 'POST',
      path: `${COLLECT_PATH}${path}`,
      summary,
      access: { kind: 'collector' },
      audit: null,
      accepts: 'raw',
      bodyLimit,
      query: HostQuery,
      responses: { 200: Summary },
      async handle(request) {
        const { summary: counts, counted } = await collect(request.caller, {
          body: notEmpty(request.rawBody),
          encoding: request.headers['content-encoding'],
          format: 'events',
          host: request.query.host ?? null,
          ip: request.ip,
        });
        const rejectedReasons = counted
          .filter(({ fate }) => fate === 'malformed' || fate === 'quarantined')
          .map(({ reason, events }) => ({ reason, events }))
          .slice(0, REASONS_LISTED);
        return { status: 200, body: { ...counts, rejectedReasons } };
      },
    });
  const hec = (id: string, path: string, format: BodyFormat): Route =>
    defineRoute({
      id,
      method: 'POST',
      path: `${COLLECT_PATH}/services/collector${path}`,
      summary: 'Take events as an HTTP event collector of Splunk does.',
      access: { kind: 'collector' },
      audit: null,
      accepts: 'raw',
      bodyLimit: COLLECT_LIMITS.bodyBytes,
      query: HostQuery,
      responses: { 200: Type.Object({ text: Type.String(), code: Type.Integer() }) },
      async handle(request) {
        await collect(request.caller, {
          body: notEmpty(request.rawBody),
          encoding: request.headers['content-encoding'],
          format,
          host: request.query.host ?? null,
          ip: request.ip,
        });
        return { status: 200, body: { text: 'Success', code: 0 } };
      },
    });
  return [
    door(
      'collect.events',
      '/events',
      'Take events as JSON, NDJSON, XML or lines of an audit log; answered once they are durable.',
      COLLECT_LIMITS.bodyBytes,
    ),
    door(
      'collect.files',
      '/files',
      'Take a file of events: EVTX, an export of a Windows event collector, an audit log.',
      COLLECT_LIMITS.fileBytes,
    ),
    hec('collect.hec', '', 'hec'),
    hec('collect.hecEvent', '/event', 'hec'),
    hec('collect.hecRaw', '/raw', 'events'),
    defineRoute({
      id: 'collect.hecHealth',
      method: 'GET',
      path: `${COLLECT_PATH}/services/collector/health`,
      summary: 'Whether events are taken, as clients of Splunk ask before they send.',
      access: { kind: 'public', why: 'it tells nothing but that the server answers' },
      audit: null,
      accepts: 'none',
      responses: { 200: Type.Object({ text: Type.String(), code: Type.Integer() }) },
      handle: async () => ({ status: 200, body: { text: 'HEC is healthy', code: 17 } }),
    }),
  ];
}

function notEmpty(body: Buffer): Buffer {
  if (body.length === 0) throw new ApiError('InvalidRequestBody', 'The body is empty.');
  return body;
}
