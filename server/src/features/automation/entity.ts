/** What an investigation looks at: entities out of alerts and out of events, each once. Pure. */
import type { AlertEvidence } from '@merlon/contract';
import type { Facts } from './verdict-rules.ts';

export interface Entity {
  readonly kind: Facts['kind'];
  readonly sha1: string | null;
  readonly sha256: string | null;
  readonly fileName: string | null;
  /** All it was seen in. */
  readonly folders: readonly string[];
  readonly processId: number | null;
  readonly ipAddress: string | null;
  readonly url: string | null;
  readonly accountName: string | null;
  /** Whether an alert named it, or it is only related to one that was named. */
  readonly named: boolean;
}

export const NOTHING: Omit<Entity, 'kind'> = {
  sha1: null,
  sha256: null,
  fileName: null,
  folders: [],
  processId: null,
  ipAddress: null,
  url: null,
  accountName: null,
  named: false,
};

export function entityOfEvidence(evidence: AlertEvidence): Entity | null {
  const lower = (text: string | null) => text?.toLowerCase() ?? null;
  const { entityType: kind } = evidence;
  if (kind === 'Registry') return null;
  if (kind === 'Ip') return { ...NOTHING, kind, ipAddress: evidence.ipAddress, named: true };
  if (kind === 'Url') return { ...NOTHING, kind, url: evidence.url, named: true };
  if (kind === 'User') return { ...NOTHING, kind, accountName: evidence.accountName, named: true };
  return {
    ...NOTHING,
    kind,
    sha1: lower(evidence.sha1),
    sha256: lower(evidence.sha256),
    fileName: evidence.fileName,
    folders: evidence.filePath === null ? [] : [evidence.filePath],
    processId: kind === 'Process' ? evidence.processId : null,
    named: true,
  };
}

/** The same content is one entity, whether it was started or lay there. */
export function identityOf(entity: Entity): string {
  switch (entity.kind) {
    case 'File':
    case 'Process':
      return `file ${entity.sha256 ?? entity.sha1 ?? `${entity.folders[0]}/${entity.fileName}`}`;
    case 'Ip':
      return `ip ${entity.ipAddress}`;
    case 'Url':
      return `url ${entity.url}`;
    case 'User':
      return `user ${entity.accountName?.toLowerCase()}`;
    default:
      throw new Error(`unknown kind ${JSON.stringify(entity.kind satisfies never)}`);
  }
}

/** Each once, the first first; no more than `limit`. */
export function distinct(entities: readonly Entity[], limit: number): Map<string, Entity> {
  const found = new Map<string, Entity>();
  // Some rows tell one hash, some the other: by the SHA-1 the SHA-256 is known.
  const full = new Map(
    entities.flatMap(({ sha1, sha256 }) => (sha1 && sha256 ? [[sha1, sha256] as const] : [])),
  );
  for (const one of entities) {
    const entity = one.sha256 || !one.sha1 ? one : { ...one, sha256: full.get(one.sha1) ?? null };
    const identity = identityOf(entity);
    const known = found.get(identity);
    if (known)
      found.set(identity, {
        ...known,
        sha1: known.sha1 ?? entity.sha1,
        sha256: known.sha256 ?? entity.sha256,
        processId: known.processId ?? entity.processId,
        folders: [...new Set([...known.folders, ...entity.folders])].slice(0, 20),
        named: known.named || entity.named,
      });
    else if (found.size < limit) found.set(identity, entity);
  }
  return found;
}
