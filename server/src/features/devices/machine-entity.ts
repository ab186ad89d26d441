import {
  type DeviceValue,
  type ExposureLevel,
  type Machine,
  nowIso7,
  type OsArchitecture,
  type RiskScore,
} from '@merlon/contract';
import { healthOf } from './sensor-health.ts';
import type { DeviceRow } from './store.ts';

/** The stored device as the wire shows it. */
export function machineEntity(row: DeviceRow, now: Date): Machine {
  return {
    id: row.id,
    mergedIntoMachineId: row.merged_into,
    isPotentialDuplication: row.is_twin,
    isExcluded: row.is_excluded,
    exclusionReason: row.exclusion_reason,
    computerDnsName: row.computer_name,
    firstSeen: nowIso7(row.first_seen),
    lastSeen: nowIso7(row.last_seen),
    osPlatform: row.os_platform,
    osVersion: row.os_version,
    osProcessor: row.os_processor,
    osArchitecture: row.os_architecture as OsArchitecture,
    version: row.os_distribution ?? row.os_version,
    agentVersion: row.agent_version,
    osBuild: row.os_build === null ? null : Number(row.os_build),
    lastIpAddress: row.last_ip,
    lastExternalIpAddress: row.last_external_ip,
    healthStatus: healthOf(row, now),
    onboardingStatus: row.state === 'Onboarded' ? 'Onboarded' : 'CanBeOnboarded',
    defenderAvStatus: null,
    deviceValue: row.device_value as DeviceValue,
    rbacGroupId: row.rbac_group_id,
    rbacGroupName: row.rbac_group_name,
    riskScore: row.risk_score as RiskScore,
    exposureLevel: row.exposure_level as ExposureLevel | null,
    exposureScore: row.exposure_level as ExposureLevel | null,
    isAadJoined: row.is_aad_joined,
    aadDeviceId: row.aad_device_id,
    machineTags: tagsOf(row),
    managedBy: row.discovered_by,
    managedByStatus: null,
    ipAddresses: row.ip_addresses,
    vmMetadata: row.virtual_machine,
    parentDevice: row.host_device_id,
    systemProductName: row.model,
    groupName: row.rbac_group_name,
  };
}

/** Tags given at onboarding or by the device, then those given here, each once. */
function tagsOf(row: DeviceRow): string[] {
  return [...new Set([...(row.device_tag ? [row.device_tag] : []), ...row.manual_tags])];
}
