/** /api/files: by SHA-1, SHA-256 or MD5. */
import {
  Alert,
  type AlertEvidence,
  ApiError,
  collectionAnswer,
  entityAnswer,
  FileEntity,
  FileStats,
  Machine,
} from '@merlon/contract';
import type { FileHash, FileProfile } from '@merlon/event-store';
import { Type } from 'typebox';
import { type Caller, defineRoute, type Route } from '../../http/route.ts';
import { contextOf } from '../../odata/page.ts';
import { alertCollection } from '../alerts/index.ts';
import { machineCollection } from '../devices/index.ts';
import {
  devicesThatSaw,
  type InvestigationDeps,
  lookBack,
  orNull,
  readAlerts,
  readMachines,
  readOnly,
} from './relations.ts';

const params = Type.Object({ id: Type.String() });
const KINDS: Readonly<Record<number, FileHash['kind']>> = { 32: 'md5', 40: 'sha1', 64: 'sha256' };

/** As the event store reads it off names. */
const PORTABLE_EXECUTABLE = /\.(?:exe|dll|sys|ocx|scr|cpl|drv|efi)$/i;
/** What devices do not tell of any file. */
const UNKNOWN = {
  globalPrevalence: null,
  globalFirstObserved: null,
  globalLastObserved: null,
  fileType: null,
  // No reputation is known here: the service's own word for that.
  determinationType: 'Unknown',
  determinationValue: null,
} as const;

/** @throws ApiError InvalidHashValue */
function hashOf(id: string): FileHash {
  const kind = KINDS[id.length];
  if (!kind || !/^[0-9a-f]+$/i.test(id))
    throw new ApiError('InvalidHashValue', `${id} is no SHA-1, SHA-256 or MD5.`);
  return { kind, value: id.toLowerCase() };
}

export function fileRoutes(deps: InvestigationDeps): Route[] {
  const find = async (caller: Caller, id: string, since: Date): Promise<FileProfile> => {
    const file = await deps.profiles.file(caller, hashOf(id), since);
    if (!file) throw new ApiError('ResourceNotFound', `File ${id} was not found.`);
    return file;
  };
  return [
    defineRoute({
      id: 'files.get',
      method: 'GET',
      path: '/api/files/:id',
      summary: 'A file that devices saw, by hash.',
      access: readOnly('File.Read.All'),
      audit: null,
      params,
      responses: { 200: entityAnswer(FileEntity) },
      async handle({ caller, params: { id }, origin }) {
        const file = await find(caller, id, deps.clock.now());
        return {
          status: 200,
          body: { '@odata.context': contextOf(origin, 'Files/$entity'), ...fileEntity(file) },
        };
      },
    }),
    defineRoute({
      id: 'files.stats',
      method: 'GET',
      path: '/api/files/:id/stats',
      summary: 'How common a file is on the devices the caller may see.',
      access: readOnly('File.Read.All'),
      audit: null,
      params,
      responses: { 200: entityAnswer(FileStats) },
      async handle({ caller, params: { id }, origin, url }) {
        const file = await find(caller, id, lookBack(url, deps.clock));
        const stats: FileStats = {
          sha1: file.sha1,
          organizationPrevalence: file.devices,
          orgPrevalence: String(file.devices),
          orgFirstSeen: file.firstSeen,
          orgLastSeen: file.lastSeen,
          globallyPrevalence: null,
          globalPrevalence: null,
          globalFirstObserved: null,
          globalLastObserved: null,
          topFileNames: [...file.names],
        };
        const context = contextOf(origin, 'microsoft.windowsDefenderATP.api.InOrgFileStats');
        return { status: 200, body: { '@odata.context': context, ...stats } };
      },
    }),
    defineRoute({
      id: 'files.machines',
      method: 'GET',
      path: '/api/files/:id/machines',
      summary: 'List the devices that saw a file.',
      access: readMachines,
      audit: null,
      params,
      responses: { 200: collectionAnswer(Machine) },
      collection: machineCollection,
      async handle(request) {
        const hash = hashOf(request.params.id);
        const known =
          hash.kind === 'sha1' ? null : await deps.profiles.file(request.caller, hash, deps.clock.now());
        return devicesThatSaw(deps, request, { kind: 'file', sha1: known?.sha1 ?? hash.value });
      },
    }),
    defineRoute({
      id: 'files.alerts',
      method: 'GET',
      path: '/api/files/:id/alerts',
      summary: 'List the alerts that name a file.',
      access: readAlerts,
      audit: null,
      params,
      responses: { 200: collectionAnswer(Alert) },
      collection: alertCollection,
      async handle(request) {
        const hash = hashOf(request.params.id);
        const known = await deps.profiles.file(request.caller, hash, deps.clock.now());
        return deps.alerts.listAbout(request, request.caller, {
          kind: 'file',
          sha1: hash.kind === 'sha1' ? hash.value : orNull(known?.sha1 ?? ''),
          sha256: hash.kind === 'sha256' ? hash.value : orNull(known?.sha256 ?? ''),
        });
      },
    }),
  ];
}

/** What an alert tells of a file that no event in reach tells more of. */
export function fileOfAlert({ sha1, sha256, fileName }: AlertEvidence): FileEntity {
  return {
    ...UNKNOWN,
    sha1: sha1?.toLowerCase() ?? null,
    sha256: sha256?.toLowerCase() ?? null,
    md5: null,
    size: null,
    isPeFile: PORTABLE_EXECUTABLE.test(fileName ?? ''),
    filePublisher: null,
    fileProductName: null,
    signer: null,
    issuer: null,
    signerHash: null,
    isValidCertificate: null,
  };
}

export function fileEntity(file: FileProfile): FileEntity {
  const { signature } = file;
  const signed = signature?.isSigned ? signature : null;
  return {
    ...UNKNOWN,
    sha1: file.sha1,
    sha256: orNull(file.sha256),
    md5: orNull(file.md5),
    size: file.size || null,
    isPeFile: file.isPortableExecutable,
    filePublisher: orNull(file.company),
    fileProductName: orNull(file.product),
    signer: orNull(signed?.signer ?? ''),
    issuer: orNull(signed?.issuer ?? ''),
    signerHash: orNull(signed?.signerHash ?? ''),
    isValidCertificate: signed ? signed.isTrusted : null,
  };
}
