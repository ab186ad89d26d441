/** The calls that ask for a link to what an order yielded, and the one that a link leads to. */
import { Readable } from 'node:stream';
import { ApiError, isGuid, type LiveResponseCommand, PACKAGE_RESULT } from '@merlon/contract';
import { Type } from 'typebox';
import { type Caller, defineRoute, type Route, type RouteRequest } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { DOWNLOADS, type DownloadLinks, type LinkedFile, linkAnswer } from './download-links.ts';
import { liveResponseCommands } from './live-response-commands.ts';
import type { OrderResultsStore } from './order-results-store.ts';
import type { MachineActionRow, ResponseStore } from './store.ts';

const idParams = Type.Object({ id: Type.String() });
const readers = ['Machine.Read.All', 'Machine.ReadWrite.All'] as const;

export interface DownloadDeps {
  readonly store: Pick<ResponseStore, 'find'>;
  readonly results: OrderResultsStore;
  readonly links: DownloadLinks;
  readonly clock: Clock;
}

interface Wanted extends LinkedFile {
  /** Of the result. */
  readonly name: string;
}

export function downloadRoutes({ store, results, links, clock }: DownloadDeps): Route[] {
  return [
    defineRoute({
      id: 'machineactions.packageUri',
      method: 'GET',
      path: '/api/machineactions/:id/getPackageUri',
      summary: 'A link to the investigation package that an action collected.',
      access: {
        kind: 'api',
        application: readers,
        delegated: ['Machine.CollectForensics'],
        role: 'AlertsInvestigation.Manage',
        deviceScope: 'require',
      },
      audit: 'machineAction.link',
      params: idParams,
      responses: { 200: linkAnswer },
      async handle(request) {
        const action = await actionOf(request);
        if (action.type !== 'CollectInvestigationPackage')
          throw new ApiError('BadRequest', `The action is of type ${action.type} and collects no package.`);
        return answer(request, action, {
          name: PACKAGE_RESULT,
          fileName: `${action.computer_dns_name}-${action.id}.zip`,
          contentType: 'application/zip',
        });
      },
    }),
    defineRoute({
      id: 'machineactions.liveResponseResult',
      method: 'GET',
      path: '/api/machineactions/:id/GetLiveResponseResultDownloadLink(*',
      summary: 'A link to what one command of a live response yielded.',
      access: {
        kind: 'api',
        application: readers,
        delegated: ['Machine.LiveResponse'],
        role: 'LiveResponse.Basic',
        deviceScope: 'require',
      },
      audit: 'machineAction.link',
      params: idParams,
      responses: { 200: linkAnswer },
      async handle(request) {
        const action = await actionOf(request);
        if (action.type !== 'LiveResponse')
          throw new ApiError('BadRequest', `The action is of type ${action.type} and has no commands.`);
        return answer(request, action, wantedOf(liveResponseCommands(action), indexIn(request.url)));
      },
    }),
    defineRoute({
      id: 'downloads.get',
      method: 'GET',
      path: `${DOWNLOADS}/:token`,
      summary: 'What a link that was asked for leads to.',
      access: { kind: 'public', why: 'The link itself is the right to it: random, short-lived, recorded.' },
      audit: 'machineAction.download',
      params: Type.Object({ token: Type.String() }),
      responses: { 200: Type.Unsafe<Buffer>({ type: 'string', format: 'binary' }) },
      async handle({ params: { token }, audit, signal }) {
        const link = await links.follow(token);
        if (!link)
          throw new ApiError(
            'ResourceNotFound',
            'The link is not known, or its time is over. Ask for another.',
          );
        // Whoever holds it acts in the name of the one who asked for it.
        audit.as(link.tenantId, link.actor);
        audit.target(link.targetKind, link.actionId);
        audit.details({ file: link.fileName, size: link.size });
        return {
          status: 200,
          body: Readable.from(partsOf(link.tenantId, link.resultId, link.size, signal), {
            objectMode: false,
            highWaterMark: 1,
          }),
          headers: {
            'content-type': link.contentType,
            'content-length': String(link.size),
            'content-disposition': attachment(link.fileName),
            'content-security-policy': "default-src 'none'; sandbox",
          },
        };
      },
    }),
  ];

  async function actionOf(
    request: Pick<RouteRequest, 'audit'> & { params: { id: string }; caller: Caller },
  ): Promise<MachineActionRow> {
    const { id } = request.params;
    request.audit.target('machineAction', id);
    const action = isGuid(id) ? await store.find(request.caller, id) : undefined;
    if (!action) throw new ApiError('ResourceNotFound', `Machine action ${id} was not found.`);
    return action;
  }

  async function answer(
    request: Pick<RouteRequest, 'origin' | 'audit'> & { caller: Caller },
    action: MachineActionRow,
    wanted: Wanted,
  ) {
    const result = await results.whole(request.caller, action.id, wanted.name, clock.now());
    if (!result)
      throw new ApiError(
        'ResourceNotFound',
        action.status === 'Pending' || action.status === 'InProgress'
          ? `The action is ${action.status}: there is nothing to download yet.`
          : `The action is ${action.status}: there is nothing to download (any more).`,
      );
    return links.answer(request, result, wanted, 'machineAction');
  }

  async function* partsOf(tenantId: string, resultId: string, size: number, signal: AbortSignal) {
    for (let start = 0; start < size; ) {
      signal.throwIfAborted();
      const part = await results.part(tenantId, resultId, start);
      if (!part) throw new Error('a result was removed while it was being downloaded');
      yield part;
      start += part.length;
    }
  }
}

function wantedOf(commands: readonly LiveResponseCommand[], index: number): Wanted {
  const command = commands[index]?.command;
  if (!command) throw new ApiError('InvalidInput', `index must lie between 0 and ${commands.length - 1}.`);
  const value = command.params[0]?.value ?? '';
  switch (command.type) {
    case 'PutFile':
      throw new ApiError('InvalidInput', `Command ${index} is PutFile, which yields nothing.`);
    case 'RunScript':
      return { name: String(index), fileName: `${value}.json`, contentType: 'application/json' };
    case 'GetFile':
      return {
        name: String(index),
        fileName: value.split(/[\\/]/).findLast((part) => part !== '') ?? 'file',
        contentType: 'application/octet-stream',
      };
    default:
      throw new Error(`unknown command ${command.type satisfies never as string}`);
  }
}

/** `…/GetLiveResponseResultDownloadLink(index=0)`. */
function indexIn(url: string): number {
  const [, digits] = /\(index=(\d{1,4})\)\/?$/i.exec(decodeURIComponent(url.split('?', 1)[0] ?? '')) ?? [];
  if (digits === undefined)
    throw new ApiError('MissingRequiredParameter', 'GetLiveResponseResultDownloadLink takes (index=…).');
  return Number(digits);
}

/** Names come from devices and people: nothing of them may end the header or the quotes (RFC 6266). */
export function attachment(fileName: string): string {
  const plain = fileName.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 150) || 'file';
  const encoded = encodeURIComponent(Buffer.from(fileName.slice(0, 150)).toString()).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
