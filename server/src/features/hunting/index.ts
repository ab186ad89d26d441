/** Hunting: KQL over the raw events. */
import { openTranslator, type Translator } from '@merlon/kql';
import type { Feature, Platform } from '../../feature.ts';
import { huntingRoutes } from './routes.ts';

const TRANSLATOR_WORKERS = 2;

export function createHunting(platform: Pick<Platform, 'events' | 'clock' | 'metrics' | 'log'>): Feature {
  const log = platform.log.child({ part: 'hunting' });
  let opening: Promise<Translator> | undefined;
  return {
    name: 'hunting',
    routes: huntingRoutes({
      ...platform,
      translator: () =>
        opening ?? Promise.reject(new Error('the translator is opened when the feature starts')),
    }),
    async start() {
      // Loading the binder takes a second or more; the server need not wait for it, only the first query.
      opening = openTranslator({
        workers: TRANSLATOR_WORKERS,
        workerUrl: new URL('./kql-worker.js', import.meta.url),
      });
      opening.catch((error: unknown) =>
        log.error({ err: error }, 'the KQL translator did not start; no query can run'),
      );
    },
    async stop() {
      const translator = await opening?.catch(() => undefined);
      await translator?.close();
    },
  };
}
