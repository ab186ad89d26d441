/** What a device is answered when it asks for a topic: the step it has to take, signed for it alone. */
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { CONTENT_TYPE, type ContentTopic, type DeviceContent } from '@merlon/contract';
import type { CommandKey } from '../onboarding/index.ts';
import type { ContentStep } from './store.ts';
import { createTurns } from './turns.ts';

const compress = promisify(gzip);

/** With more items than this an answer is megabytes, and is made few at a time. */
const LARGE_ITEMS = 1_000;
const turns = { atOnce: 4, waiting: 1_000 } as const;

export interface SignedContent {
  readonly body: Buffer;
  readonly encoding: 'gzip' | null;
}

export type SignContent = (
  deviceId: string,
  topic: ContentTopic,
  step: ContentStep,
  at: Date,
  takesGzip: boolean,
) => Promise<SignedContent>;

/** @returns a function that throws ApiError ServiceUnavailable when too many large answers are wanted at once */
export function contentSigner(commandKey: () => CommandKey): SignContent {
  const inTurn = createTurns(turns.atOnce, turns.waiting);
  return (deviceId, topic, step, at, takesGzip) => {
    const sign = async (): Promise<SignedContent> => {
      const claims: DeviceContent = {
        sub: deviceId,
        topic,
        version: step.version,
        base: step.base,
        scope: step.scope,
        iat: Math.floor(at.getTime() / 1_000),
        upserts: [...step.upserts],
        removes: [...step.removes],
      };
      const jws = await commandKey().sign(CONTENT_TYPE, claims);
      if (!takesGzip) return { body: Buffer.from(jws), encoding: null };
      return { body: await compress(jws, { level: constants.Z_BEST_SPEED }), encoding: 'gzip' };
    };
    return step.upserts.length + step.removes.length > LARGE_ITEMS ? inTurn(sign) : sign();
  };
}
