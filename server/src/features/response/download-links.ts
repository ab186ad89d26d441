/**
 * Links to what orders yielded. A link is good for half an hour, needs no header, and is nothing but a random token: the server keeps its hash, so neither a
 * copy of the database nor its log gives a link away.
 */
import { createHash, randomBytes } from 'node:crypto';
import { Type } from 'typebox';
import type { Caller, RouteRequest } from '../../http/route.ts';
import { contextOf } from '../../odata/page.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { FoundLink, KeptResult, OrderResultsStore } from './order-results-store.ts';

const LINK_MS = 30 * 60_000;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;
export const DOWNLOADS = '/api/merlon/downloads';
export const linkAnswer = Type.Object({ '@odata.context': Type.String(), value: Type.String() });

export interface LinkedFile {
  readonly fileName: string;
  readonly contentType: string;
}

export type DownloadLinks = ReturnType<typeof downloadLinks>;

export function downloadLinks({
  results,
  clock,
}: {
  readonly results: Pick<OrderResultsStore, 'link' | 'findLink'>;
  readonly clock: Clock;
}) {
  return {
    /** The answer that holds a new link. Its record names the file, and stands with the link. */
    async answer(
      { caller, origin, audit }: Pick<RouteRequest, 'origin' | 'audit'> & { caller: Caller },
      result: KeptResult,
      { fileName, contentType }: LinkedFile,
      targetKind: 'machineAction' | 'liveSession',
    ) {
      const token = randomBytes(32).toString('base64url');
      const { kind, id, name } = caller;
      audit.details({ file: fileName, size: result.size, sha256: result.sha256 });
      await results.link(
        caller.tenantId,
        {
          tokenHash: hashOf(token),
          resultId: result.id,
          fileName,
          contentType,
          targetKind,
          actor: { kind, id, name },
          expiresAt: new Date(clock.now().getTime() + LINK_MS),
        },
        (db) => audit.recordIn(db),
      );
      return {
        status: 200,
        body: { '@odata.context': contextOf(origin, 'Edm.String'), value: `${origin}${DOWNLOADS}/${token}` },
      };
    },

    /** Undefined: there is no such link, or its time is over. */
    async follow(token: string): Promise<FoundLink | undefined> {
      return TOKEN.test(token) ? results.findLink(hashOf(token), clock.now()) : undefined;
    },
  };
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
