/** The list of features: their migrations, and how each is made from the platform and from those it asks. */
import type { Feature, Migration, Platform } from './feature.ts';
import { type Access, accessMigrations } from './features/access/index.ts';
import { alertsMigrations, createAlerts } from './features/alerts/index.ts';
import { auditMigrations } from './features/audit/index.ts';
import { automationMigrations, createAutomation } from './features/automation/index.ts';
import { collectorsMigrations, createCollectors } from './features/collectors/index.ts';
import { createDetection, detectionMigrations } from './features/detection/index.ts';
import { createDeviceContent, deviceContentMigrations } from './features/device-content/index.ts';
import { createDeviceGroups, deviceGroupsMigrations } from './features/device-groups/index.ts';
import { createDevices, devicesMigrations } from './features/devices/index.ts';
import { federationMigrations } from './features/federation/index.ts';
import { createHunting, huntingMigrations } from './features/hunting/index.ts';
import { type Identity, identityMigrations, userMigrations } from './features/identity/index.ts';
import { createIndicators, indicatorsMigrations } from './features/indicators/index.ts';
import { createIngest } from './features/ingest/index.ts';
import { createInvestigation } from './features/investigation/index.ts';
import { createLiveResponse, liveResponseMigrations } from './features/live-response/index.ts';
import { createLiveUpdates } from './features/live-updates/index.ts';
import { createNotifications, notificationsMigrations } from './features/notifications/index.ts';
import { createOnboarding, onboardingMigrations } from './features/onboarding/index.ts';
import { createProvisioning, provisioningMigrations } from './features/provisioning/index.ts';
import { createResponse, responseMigrations } from './features/response/index.ts';
import { createSiem, siemMigrations } from './features/siem/index.ts';
import { createStreaming, streamingMigrations } from './features/streaming/index.ts';
import { createYaraRules, yaraRulesMigrations } from './features/yara-rules/index.ts';
import type { CollectorAuthenticator, DeviceAuthenticator } from './http/route.ts';

export const MIGRATIONS: readonly Migration[] = [
  ...auditMigrations,
  ...accessMigrations,
  ...identityMigrations,
  ...userMigrations,
  ...federationMigrations,
  ...provisioningMigrations,
  ...devicesMigrations,
  ...deviceGroupsMigrations,
  ...onboardingMigrations,
  ...collectorsMigrations,
  ...deviceContentMigrations,
  ...indicatorsMigrations,
  ...responseMigrations,
  ...liveResponseMigrations,
  ...alertsMigrations,
  ...detectionMigrations,
  ...automationMigrations,
  ...huntingMigrations,
  ...streamingMigrations,
  ...siemMigrations,
  ...yaraRulesMigrations,
  ...notificationsMigrations,
];

export interface Features {
  readonly features: readonly Feature[];
  readonly authenticator: DeviceAuthenticator;
  readonly collectorAuthenticator: CollectorAuthenticator;
}

/** Everything beyond audit, access and identity, in the order in which they start. */
export function createFeatures(platform: Platform, access: Access, identity: Identity): Features {
  const tenantOf = async (nameOrId: string | undefined) => (await identity.requireTenant(nameOrId)).id;
  const provisioning = createProvisioning({ ...platform, identity });
  const devices = createDevices(platform);
  const deviceGroups = createDeviceGroups({ ...platform, access: access.store, tenantOf });
  const onboarding = createOnboarding({
    ...platform,
    devices,
    deviceGroups,
    tenantOf,
    publicUrl: platform.publicOrigin,
  });
  const deviceContent = createDeviceContent(platform, onboarding.commandKey);
  const alerts = createAlerts(platform, devices);
  const response = createResponse(
    { ...platform, tenantOf, couldAct: identity.couldAct },
    devices,
    onboarding.commandKey,
    deviceContent,
    alerts,
  );
  const yaraRules = createYaraRules({ ...platform, tenantOf }, deviceContent);
  const liveResponse = createLiveResponse(
    { ...platform, couldAct: identity.couldAct },
    devices,
    deviceGroups,
    response,
    onboarding.commandKey,
  );
  const indicators = createIndicators(platform, deviceContent);
  const collectors = createCollectors({ ...platform, tenantOf }, devices);
  const ingest = createIngest(platform, devices);
  const detection = createDetection({
    ...platform,
    alerts,
    devices,
    indicators,
    tenantOf,
    groupOf: async (tenantId, deviceId) => (await devices.lookup(tenantId, deviceId))?.groupName ?? '',
    osOf: async (tenantId, deviceId) => (await devices.lookup(tenantId, deviceId))?.osPlatform ?? '',
  });
  const automation = createAutomation(platform, { devices, deviceGroups, alerts, indicators, response });
  const hunting = createHunting(platform);
  const siem = createSiem({
    ...platform,
    detections: alerts.detections,
    connectors: identity.connectors,
    tenantOf,
  });
  const streaming = createStreaming({ ...platform, devices, deviceGroups, alerts, tenantOf });
  const investigation = createInvestigation(platform, devices, alerts, deviceGroups);
  return {
    features: [
      provisioning,
      devices,
      deviceGroups,
      onboarding,
      deviceContent,
      indicators,
      response,
      yaraRules,
      liveResponse,
      ingest,
      collectors,
      alerts,
      detection,
      automation,
      hunting,
      streaming,
      investigation,
      siem,
      createNotifications({ ...platform, alerts, deviceGroups, tenantOf }),
      createLiveUpdates(platform),
    ],
    authenticator: devices.authenticator,
    collectorAuthenticator: collectors.authenticator,
  };
}
