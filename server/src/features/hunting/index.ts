/** Hunting: KQL over the raw events. */
import { openTranslator, type Translator } from '@merlon/kql';
import type { Feature, Platform } from '../../feature.ts';
import { huntingRoutes } from './routes.ts';

const TRANSLATOR_WORKERS = 1;

export function createHunting(platform: Pick<Platform, 'events' | 'clock' | 'metrics'>): Feature {
  let translator: Translator | undefined;
  return {
    name: 'hunting',
    routes: huntingRoutes({
      ...platform,
      translator: () => {
        if (!translator) throw new Error('the translator is opened when the feature starts');
        return translator;
      },
    }),
    async start() {
      translator = await openTranslator({
        workers: TRANSLATOR_WORKERS,
        workerUrl: new URL('./kql-worker.js', import.meta.url),
      });
    },
    async stop() {
      await translator?.close();
    },
  };
}
