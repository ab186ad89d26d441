/**
 * What Beats, Elastic Agent, Logstash and other clients of Elasticsearch ask before and while they send. Only `_bulk` takes anything: templates, policies and
 * pipelines that clients set up shape indices, of which there are none here, so each is acknowledged and not kept, and asking for one again finds none.
 */
import { type TSchema, Type } from 'typebox';
import { defineRoute, type Method, type Reply, type Route } from '../../http/route.ts';
import type { Collect } from './collect.ts';
import type { BulkItem } from './collect-batch.ts';
import { COLLECT_LIMITS } from './read-body.ts';
import { COLLECT_PATH } from './routes.ts';

const BASE = `${COLLECT_PATH}/elastic`;
/** Of the protocol that is spoken; clients refuse a server older than themselves. */
const VERSION = '8.19.0';
const UUID = 'bWVybG9uLWNvbGxlY3RvcnM';
/** Official clients speak only to a server that says so. */
const PRODUCT = { 'x-elastic-product': 'Elasticsearch' } as const;

const Anything = Type.Record(Type.String(), Type.Unknown());
const NotFound = Type.Object({ error: Anything, status: Type.Integer() });
const Acknowledged = Type.Object({ acknowledged: Type.Boolean() });
const BulkAnswer = Type.Object({
  took: Type.Integer(),
  errors: Type.Boolean(),
  items: Type.Array(Type.Record(Type.String(), Anything)),
});

/** Things that clients set up: path below the base, and what they are. */
const SETUP = [
  ['_ilm/policy', 'lifecycle policy'],
  ['_index_template', 'index template'],
  ['_template', 'index template'],
  ['_component_template', 'component template'],
  ['_ingest/pipeline', 'ingest pipeline'],
  ['_data_stream', 'data stream'],
  ['_alias', 'alias'],
] as const;

export function elasticRoutes(collect: Collect): Route[] {
  const route = (
    id: string,
    method: Method,
    path: string,
    summary: string,
    responses: Readonly<Record<number, TSchema>>,
    reply: () => Reply,
  ): Route =>
    defineRoute({
      id: `collectElastic.${id}`,
      method,
      path: path === '' ? BASE : `${BASE}/${path}`,
      summary,
      access: { kind: 'collector' },
      // Nothing is kept of what is set up.
      audit: null,
      accepts: method === 'PUT' ? 'raw' : 'none',
      bodyLimit: COLLECT_LIMITS.bodyBytes,
      responses,
      handle: async () => reply(),
    });
  const bulk = (id: string, method: 'POST' | 'PUT', path: string): Route =>
    defineRoute({
      id: `collectElastic.${id}`,
      method,
      path: `${BASE}/${path}`,
      summary:
        'Take events by the bulk protocol of Elasticsearch; answered once they are durable, each by itself.',
      access: { kind: 'collector' },
      audit: null,
      accepts: 'raw',
      bodyLimit: COLLECT_LIMITS.bodyBytes,
      responses: { 200: BulkAnswer },
      async handle(request) {
        const began = performance.now();
        const { items } = await collect(request.caller, {
          body: request.rawBody,
          encoding: request.headers['content-encoding'],
          format: 'bulk',
          host: null,
          ip: request.ip,
        });
        const body = {
          took: Math.round(performance.now() - began),
          errors: items.some(({ fate }) => fate === 'malformed' || fate === 'quarantined'),
          items: items.map(itemAnswer),
        };
        return { status: 200, headers: PRODUCT, body };
      },
    });

  const root = {
    name: 'merlon',
    cluster_name: 'merlon',
    cluster_uuid: UUID,
    version: {
      number: VERSION,
      build_flavor: 'default',
      build_type: 'docker',
      minimum_wire_compatibility_version: '7.17.0',
      minimum_index_compatibility_version: '7.0.0',
    },
    tagline: 'You Know, for Search',
  };
  const ok = (body: object): Reply => ({ status: 200, headers: PRODUCT, body });
  const license = { status: 'active', uid: UUID, type: 'basic', mode: 'basic' };
  return [
    route('root', 'GET', '', 'Which version of the protocol is spoken.', { 200: Anything }, () => ok(root)),
    route('ping', 'HEAD', '', 'Whether anybody answers.', { 200: Type.Unknown() }, () => ({
      status: 200,
      headers: PRODUCT,
    })),
    route('license', 'GET', '_license', 'That what clients need is licensed.', { 200: Anything }, () =>
      ok({ license }),
    ),
    route('xpack', 'GET', '_xpack', 'Which features clients may use.', { 200: Anything }, () =>
      ok({ license, features: { ilm: { available: true, enabled: true } } }),
    ),
    ...SETUP.flatMap(([path, what]) => {
      const id = path
        .replaceAll(/_|\//g, ' ')
        .trim()
        .replaceAll(/ (.)/g, (_, letter: string) => letter.toUpperCase());
      const none = (): Reply => ({ status: 404, headers: PRODUCT, body: missing(what) });
      return [
        route(
          `${id}Get`,
          'GET',
          `${path}/:name`,
          `Whether there is such a ${what}: never, none is kept.`,
          { 404: NotFound },
          none,
        ),
        route(
          `${id}Head`,
          'HEAD',
          `${path}/:name`,
          `Whether there is such a ${what}: never, none is kept.`,
          { 404: Type.Unknown() },
          () => ({
            status: 404,
            headers: PRODUCT,
          }),
        ),
        route(
          `${id}Put`,
          'PUT',
          `${path}/:name`,
          `Acknowledge a ${what}, which means nothing here.`,
          { 200: Acknowledged },
          () => ok({ acknowledged: true }),
        ),
      ];
    }),
    // A client that found an index where it wants an alias would not go on.
    route(
      'indexHead',
      'HEAD',
      ':index',
      'Whether there is such an index: never, events are taken for any.',
      { 404: Type.Unknown() },
      () => ({ status: 404, headers: PRODUCT }),
    ),
    route(
      'indexPut',
      'PUT',
      ':index',
      'Acknowledge an index, which means nothing here.',
      { 200: Acknowledged },
      () => ok({ acknowledged: true }),
    ),
    bulk('bulk', 'POST', '_bulk'),
    bulk('bulkPut', 'PUT', '_bulk'),
    bulk('indexBulk', 'POST', ':index/_bulk'),
  ];
}

function missing(what: string): object {
  return { error: { type: 'resource_not_found_exception', reason: `there is no such ${what}` }, status: 404 };
}

const CREATED = 201;
const DONE = 200;
const REFUSED = 400;

function itemAnswer({ action, fate, reason }: BulkItem): Record<string, Record<string, unknown>> {
  const named = {
    ...(action.index === null ? {} : { _index: action.index }),
    ...(action.id === null ? {} : { _id: action.id }),
  };
  switch (fate) {
    case 'row':
      return { [action.verb]: { ...named, status: CREATED, result: 'created' } };
    // Nothing to keep: the client must not send it again, and has nothing to complain of.
    case 'left':
    case 'joined':
      return { [action.verb]: { ...named, status: DONE, result: 'noop' } };
    case 'malformed':
    case 'quarantined':
      return {
        [action.verb]: { ...named, status: REFUSED, error: { type: 'document_parsing_exception', reason } },
      };
  }
}
