/** YARA rules of the tenants: what scans of their devices look for. */
import type { Feature, Platform } from '../../feature.ts';
import { operationHandlers, operationRoutes } from '../../management/operation.ts';
import type { DeviceContents } from '../device-content/index.ts';
import { yaraRulesStore } from './store.ts';
import { yaraRuleOperations } from './yara-rules.ts';

export { yaraRulesMigrations } from './migrations.ts';

export function createYaraRules(
  platform: Pick<Platform, 'state' | 'clock' | 'audit'> & {
    tenantOf(nameOrId: string | undefined): Promise<string>;
  },
  content: Pick<DeviceContents, 'change' | 'changed'>,
): Feature {
  const operations = yaraRuleOperations({
    store: yaraRulesStore(platform.state),
    content,
    clock: platform.clock,
    workerUrl: new URL('./yara-check-worker.js', import.meta.url),
  });
  return {
    name: 'yara-rules',
    routes: operationRoutes(operations, platform.state),
    admin: operationHandlers(operations, platform),
  };
}
