/** Where a device fetches what it shall enforce. */
import { ApiError, ContentQuery, type ContentTopic, DEVICE_PATHS, isContentTopic } from '@merlon/contract';
import { Type } from 'typebox';
import { type DeviceCaller, defineRoute, type Route } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { SignContent } from './signed-content.ts';
import type { ContentStep, HeldContent } from './store.ts';

export function contentRoutes(deps: {
  readonly clock: Clock;
  readonly sign: SignContent;
  /** Null: nothing newer concerns the device. */
  step(device: DeviceCaller, topic: ContentTopic, held: HeldContent): Promise<ContentStep | null>;
}): Route[] {
  return [
    defineRoute({
      id: 'device.content',
      method: 'GET',
      path: DEVICE_PATHS.content,
      summary:
        'What the server wants enforced on the device: what changed since the version in hand, or all of it.',
      access: { kind: 'device' },
      audit: null,
      params: Type.Object({ topic: Type.String() }),
      query: ContentQuery,
      responses: { 200: Type.String(), 204: Type.Null() },
      async handle({ caller, params: { topic }, query, headers }) {
        if (!isContentTopic(topic))
          throw new ApiError('NotFound', `There is no topic ${JSON.stringify(topic)}.`);
        const step = await deps.step(caller, topic, { version: query.from ?? 0, scope: query.scope ?? '' });
        if (step === null) return { status: 204 };
        const takesGzip = /\bgzip\b/i.test(String(headers['accept-encoding'] ?? ''));
        const { body, encoding } = await deps.sign(caller.deviceId, topic, step, deps.clock.now(), takesGzip);
        return {
          status: 200,
          headers: {
            'content-type': 'application/jose',
            'cache-control': 'no-store',
            ...(encoding === null ? {} : { 'content-encoding': encoding }),
          },
          body,
        };
      },
    }),
  ];
}
