/** Onboarding: the platform's command key, packages for every tool, the enrolment of devices, and what became of each package. */
import { ApiError } from '@merlon/contract';
import type { Feature, Platform } from '../../feature.ts';
import { operationHandlers, operationRoutes } from '../../management/operation.ts';
import type { DeviceGroups } from '../device-groups/index.ts';
import type { Devices } from '../devices/index.ts';
import { Admission } from './admission.ts';
import { agentFiles } from './agent-files.ts';
import { type CommandKey, commandKeyFrom, newCommandKeyPem } from './command-key.ts';
import { enrolmentRoute } from './enrolment.ts';
import { installerRoutes } from './installer-routes.ts';
import { packageBuilder } from './package-builder.ts';
import { packageOperations } from './package-operations.ts';
import { packageTokens } from './package-token.ts';
import { ReportBudget } from './report-budget.ts';
import { onboardingRoutes } from './routes.ts';
import { StandingCache } from './standing-cache.ts';
import { onboardingStore } from './store.ts';

export type { CommandKey } from './command-key.ts';
export { onboardingMigrations } from './migrations.ts';

export interface Onboarding extends Feature {
  commandKey(): CommandKey;
}

export interface OnboardingDeps
  extends Pick<Platform, 'config' | 'state' | 'clock' | 'audit' | 'metrics' | 'caPem'> {
  readonly devices: Pick<Devices, 'enrol' | 'verifyNewKey'>;
  readonly deviceGroups: Pick<DeviceGroups, 'list'>;
  /** Finds a tenant by name or id, or the only one there is. Throws ApiError naming what is wrong. */
  readonly tenantOf: (nameOrId: string | undefined) => Promise<string>;
  /** Origin under which clients reach this server. */
  readonly publicUrl: () => string;
}

/** Each is a transaction: half of the database's connections are left to everybody else. */
const ENROLMENTS = { atWork: 8, waiting: 1_000 };
/** A minute. Whole offices are behind one address. */
const REPORTS = { perAddress: 300, perPackage: 3_000 };

export function createOnboarding(deps: OnboardingDeps): Onboarding {
  const { metrics, clock } = deps;
  const store = onboardingStore(deps.state);
  let key: CommandKey | undefined;
  const commandKey = () => {
    if (!key) throw new Error('the command key is read when the feature starts');
    return key;
  };
  const agents = agentFiles(deps.config.agentFolder);
  const builder = packageBuilder({ commandKey, caPem: deps.caPem });
  const standings = new StandingCache(store.standing, clock);
  const tokens = packageTokens({
    commandKey,
    standing: (tenantId, packageId) => standings.get(tenantId, packageId),
    clock,
    refusals: metrics.counter('merlon_onboarding_packages_refused_total', 'Packages refused, by reason.'),
  });
  const operations = packageOperations({
    store,
    agents,
    builder,
    clock,
    publicUrl: deps.publicUrl,
    revoked: (tenantId, packageId) => standings.forget(tenantId, packageId),
    tagOfGroup: async (tenantId, group) => tagOfGroup(await deps.deviceGroups.list(tenantId), group),
  });

  return {
    name: 'onboarding',
    commandKey,
    routes: [
      enrolmentRoute({
        ...deps,
        tokens,
        admission: new Admission(ENROLMENTS),
        enrolments: metrics.counter('merlon_enrolments_total', 'Enrolments of devices, by outcome.'),
      }),
      ...installerRoutes({
        tokens,
        agents,
        store,
        budget: new ReportBudget(REPORTS),
        clock,
        reports: metrics.counter('merlon_onboarding_reports_total', 'Reports of installers, by outcome.'),
      }),
      ...onboardingRoutes({ store, builder }),
      ...operationRoutes(operations, deps.state),
    ],
    admin: operationHandlers(operations, deps),
    async start() {
      key = commandKeyFrom(await store.commandKey(newCommandKeyPem(), clock.now()));
    },
  };
}

/** A package says nothing of groups, since rules alone sort devices; but a rule may ask for a tag. */
function tagOfGroup(groups: Awaited<ReturnType<DeviceGroups['list']>>, wanted: string): string {
  const group = groups.find(
    ({ id, name }) => String(id) === wanted || name.toLowerCase() === wanted.toLowerCase(),
  );
  if (!group) throw new ApiError('ResourceNotFound', `There is no device group "${wanted}".`);
  const tag = group.conditions.find(({ property, operator }) => property === 'tag' && operator === 'equals');
  if (!tag)
    throw new ApiError(
      'InvalidInput',
      `The device group "${group.name}" has no rule that a tag equals something, so no package can bring devices into it.`,
    );
  return tag.value;
}
