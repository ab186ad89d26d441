/** /api/indicators, and the older way to block a file. */
import {
  ApiError,
  collectionAnswer,
  entityAnswer,
  FileBlockRequest,
  INDICATOR_LIMITS,
  Indicator,
  IndicatorBatchDelete,
  IndicatorImport,
  IndicatorImportAnswer,
  type IndicatorImportResult,
  IndicatorRequest,
} from '@merlon/contract';
import { Type } from 'typebox';
import { type Caller, defineRoute, type Route } from '../../http/route.ts';
import { checkInput } from '../../http/validation.ts';
import { collectionBody, contextOf, readQuery, sqlPage } from '../../odata/page.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { type Author, authorOf } from './author.ts';
import { indicatorEntity } from './indicator-entity.ts';
import { type IndicatorFields, indicatorFields } from './indicator-request.ts';
import { indicatorColumns, indicatorSet } from './indicator-set.ts';
import type { Alongside, IndicatorRow, IndicatorsStore } from './store.ts';

const permissions = { application: ['Ti.ReadWrite', 'Ti.ReadWrite.All'] } as const;
const readAccess = {
  kind: 'api',
  ...permissions,
  delegated: ['Ti.ReadWrite'],
  role: 'ViewData.SecurityOperations',
  deviceScope: 'filter',
} as const;
const writeAccess = {
  kind: 'api',
  ...permissions,
  delegated: ['Ti.ReadWrite'],
  role: 'ActiveRemediation.SecurityOperations',
  deviceScope: 'require',
} as const;
/** The service names no permission of people for these: they are for programs, and for people in the portal. */
const removeAccess = { ...writeAccess, delegated: 'portal' } as const;

const idParams = Type.Object({ id: Type.String() });
const indicatorAnswer = entityAnswer(Indicator);

export interface IndicatorRouteDeps {
  readonly store: IndicatorsStore;
  readonly clock: Clock;
  /** Adds to the content of devices. */
  readonly content: Alongside['content'];
  /** The change stands. */
  changed(tenantId: string): Promise<void>;
}

export function indicatorRoutes(deps: IndicatorRouteDeps): Route[] {
  const { store, clock, content } = deps;
  const ownerOf = (author: Author) => (author.all ? null : author.id);

  /** @throws ApiError of the one that is refused */
  async function submitOne(
    caller: Caller,
    fields: IndicatorFields,
    record: Alongside['record'],
  ): Promise<IndicatorRow> {
    const [outcome] = await store.submit(caller.tenantId, authorOf(caller), [fields], clock.now(), {
      content,
      record,
    });
    if (outcome?.kind !== 'taken') throw outcome?.error ?? new Error('nothing became of the indicator');
    await deps.changed(caller.tenantId);
    return outcome.row;
  }

  return [
    defineRoute({
      id: 'indicators.list',
      method: 'GET',
      path: '/api/indicators',
      summary: 'List active indicators: all of them, or those the program made.',
      access: readAccess,
      audit: null,
      responses: { 200: collectionAnswer(Indicator) },
      collection: { name: 'Indicators', entity: 'Indicator', key: 'id', set: indicatorSet },
      async handle(request) {
        const { caller } = request;
        const query = readQuery(request, indicatorSet);
        const { rows, total } = await store.list(
          caller,
          ownerOf(authorOf(caller)),
          sqlPage(query, indicatorSet, indicatorColumns),
          clock.now(),
        );
        const indicators = rows.map(indicatorEntity);
        return {
          status: 200,
          body: collectionBody(request, query, indicatorSet, 'Indicators', indicators, total),
        };
      },
    }),
    defineRoute({
      id: 'indicators.get',
      method: 'GET',
      path: '/api/indicators/:id',
      summary: 'One active indicator.',
      access: { ...readAccess, deviceScope: 'require' },
      audit: null,
      params: idParams,
      responses: { 200: indicatorAnswer },
      async handle({ caller, params: { id }, origin }) {
        const row = isId(id)
          ? await store.find(caller, ownerOf(authorOf(caller)), id, clock.now())
          : undefined;
        if (!row) throw new ApiError('ResourceNotFound', `Indicator ${id} was not found.`);
        return { status: 200, body: entityBody(origin, row) };
      },
    }),
    defineRoute({
      id: 'indicators.submit',
      method: 'POST',
      path: '/api/indicators',
      summary: 'Submit an indicator, or change the one of the same type and value.',
      access: writeAccess,
      audit: 'indicator.submit',
      body: IndicatorRequest,
      responses: { 200: indicatorAnswer },
      async handle({ caller, body, audit, origin }) {
        audit.target('indicator', body.indicatorValue);
        const fields = indicatorFields(body, clock.now());
        const row = await submitOne(caller, fields, (db) => audit.recordIn(db));
        return { status: 200, body: entityBody(origin, row) };
      },
    }),
    defineRoute({
      id: 'indicators.import',
      method: 'POST',
      path: '/api/indicators/import',
      summary: 'Submit up to 500 indicators; each is taken or refused for itself.',
      access: writeAccess,
      audit: 'indicator.import',
      body: IndicatorImport,
      bodyLimit: 4 * 1024 * 1024,
      responses: { 200: IndicatorImportAnswer },
      async handle({ caller, body, audit }) {
        const items = body.Indicators ?? body.indicators;
        if (items === undefined) throw new ApiError('MissingRequiredParameter', "'Indicators' is missing.");
        requireBatch(items.length);
        const now = clock.now();
        const read = items.map((item) => orError(() => readItem(item, now)));
        const fields = read.flatMap((one) => (one instanceof ApiError ? [] : [one]));
        audit.details({ received: items.length, unreadable: items.length - fields.length });
        const submitted = await store.submit(caller.tenantId, authorOf(caller), fields, now, {
          content,
          record: (db) => audit.recordIn(db),
        });
        await deps.changed(caller.tenantId);
        const outcomes = submitted.values();
        const value = read.map((one, at): IndicatorImportResult => {
          const outcome = one instanceof ApiError ? null : outcomes.next().value;
          const error = one instanceof ApiError ? one : outcome?.kind === 'refused' ? outcome.error : null;
          return {
            id: outcome?.kind === 'taken' ? outcome.row.id : null,
            indicator: givenValue(items[at]),
            isFailed: error !== null,
            failureReason: error === null ? null : `${error.code}: ${error.publicMessage}`,
          };
        });
        return { status: 200, body: { value } };
      },
    }),
    defineRoute({
      id: 'indicators.delete',
      method: 'DELETE',
      path: '/api/indicators/:id',
      summary: 'Delete an indicator.',
      access: removeAccess,
      audit: 'indicator.delete',
      params: idParams,
      responses: { 204: Type.Null() },
      async handle({ caller, params: { id }, audit }) {
        audit.target('indicator', id);
        if (!isId(id)) throw new ApiError('ResourceNotFound', `Indicator ${id} was not found.`);
        await store.remove(caller.tenantId, authorOf(caller), [id], clock.now(), {
          content,
          record: (db) => audit.recordIn(db),
        });
        await deps.changed(caller.tenantId);
        return { status: 204 };
      },
    }),
    defineRoute({
      id: 'indicators.batchDelete',
      method: 'POST',
      path: '/api/indicators/BatchDelete',
      summary: 'Delete up to 500 indicators: all of them or none.',
      access: removeAccess,
      audit: 'indicator.delete',
      body: IndicatorBatchDelete,
      responses: { 204: Type.Null() },
      async handle({ caller, body, audit }) {
        const ids = [...new Set(body.IndicatorIds.map(String))];
        requireBatch(body.IndicatorIds.length);
        const wrong = ids.find((id) => !isId(id));
        if (wrong !== undefined)
          throw new ApiError('InvalidInput', `${JSON.stringify(wrong)} is not the id of an indicator.`);
        for (const id of ids) audit.target('indicator', id);
        await store.remove(caller.tenantId, authorOf(caller), ids, clock.now(), {
          content,
          record: (db) => audit.recordIn(db),
        });
        await deps.changed(caller.tenantId);
        return { status: 204 };
      },
    }),
    ...(['block', 'unblock'] as const).map((verb) =>
      defineRoute({
        id: `files.${verb}`,
        method: 'POST',
        path: `/api/files/:id/${verb}`,
        summary:
          verb === 'block'
            ? 'Block a file by hash on all devices, as an indicator does.'
            : 'Delete the indicator of a file, by hash.',
        access: writeAccess,
        audit: `file.${verb}`,
        params: idParams,
        body: Type.Optional(FileBlockRequest),
        responses: { 200: indicatorAnswer },
        async handle({ caller, params: { id }, body, audit, origin }) {
          audit.target('file', id);
          const request: IndicatorRequest = {
            indicatorValue: id,
            indicatorType: hashType(id),
            action: 'Block',
            title: `File ${id.toLowerCase()} is blocked`,
            description: body?.Comment ?? 'Blocked from the page of the file.',
            severity: 'Informational',
            generateAlert: true,
          };
          const fields = indicatorFields(request, clock.now());
          if (verb === 'block') {
            const row = await submitOne(caller, fields, (db) => audit.recordIn(db));
            return { status: 200, body: entityBody(origin, row) };
          }
          const author = authorOf(caller);
          const row = await store.findValue(caller, ownerOf(author), fields, clock.now());
          if (!row) throw new ApiError('ResourceNotFound', `File ${id} has no indicator.`);
          await store.remove(caller.tenantId, author, [row.id], clock.now(), {
            content,
            record: (db) => audit.recordIn(db),
          });
          await deps.changed(caller.tenantId);
          return { status: 200, body: entityBody(origin, row) };
        },
      }),
    ),
  ];
}

function entityBody(origin: string, row: IndicatorRow): object {
  return { '@odata.context': contextOf(origin, 'Indicators/$entity'), ...indicatorEntity(row) };
}

function isId(text: string): boolean {
  return /^[1-9]\d{0,17}$/.test(text);
}

/** @throws ApiError InvalidHashValue */
function hashType(id: string): string {
  const type = { 32: 'FileMd5', 40: 'FileSha1', 64: 'FileSha256' }[id.length];
  if (type === undefined) throw new ApiError('InvalidHashValue', `${id} is no SHA-1, SHA-256 or MD5.`);
  return type;
}

function requireBatch(length: number): void {
  const { batch } = INDICATOR_LIMITS;
  if (length === 0) throw new ApiError('InvalidInput', 'The list is empty.');
  if (length > batch)
    throw new ApiError(
      'MaximumBatchSizeExceeded',
      `${length} indicators were received; at most ${batch} are allowed.`,
    );
}

function readItem(item: object, now: Date): IndicatorFields {
  return indicatorFields(checkInput('body', IndicatorRequest, item) as IndicatorRequest, now);
}

function orError<T>(work: () => T): T | ApiError {
  try {
    return work();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
}

/** As it came, for the client to find its own again. */
function givenValue(item: object | undefined): string {
  const value = item && 'indicatorValue' in item ? item.indicatorValue : '';
  return typeof value === 'string' ? value : '';
}
