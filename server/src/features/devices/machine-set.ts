/** What clients may ask of the machines set, and the SQL behind each name. */
import {
  deviceValues,
  exposureLevels,
  healthStatuses,
  Machine,
  onboardingStatuses,
  riskScores,
} from '@merlon/contract';
import type { ODataSet } from '@merlon/odata';
import { sql } from 'kysely';
import { withEveryProperty } from '../../odata/schema-fields.ts';
import { deviceIdColumn, type SqlColumns } from '../../odata/sql-filter.ts';
import { deviceGroupName } from '../device-groups/index.ts';
import { healthColumn } from './sensor-health.ts';

const field = { filterable: true, sortable: true } as const;
const given = { ...field, nullable: false } as const;

const asked: ODataSet = {
  name: 'machines',
  fields: [
    { ...given, name: 'id', type: 'string' },
    { ...given, name: 'computerDnsName', type: 'string' },
    { ...field, name: 'version', type: 'string' },
    { ...field, name: 'deviceValue', type: 'enum', enumValues: deviceValues },
    { ...field, name: 'aadDeviceId', type: 'string' },
    { name: 'machineTags', type: 'collection', filterable: true, sortable: false },
    { ...given, name: 'firstSeen', type: 'datetime' },
    { ...given, name: 'lastSeen', type: 'datetime' },
    { ...field, name: 'exposureLevel', type: 'enum', enumValues: exposureLevels },
    { ...given, name: 'onboardingStatus', type: 'enum', enumValues: onboardingStatuses },
    { ...field, name: 'lastIpAddress', type: 'string' },
    { ...field, name: 'lastExternalIpAddress', type: 'string' },
    { ...given, name: 'healthStatus', type: 'enum', enumValues: healthStatuses },
    { ...given, name: 'osPlatform', type: 'string' },
    { ...field, name: 'riskScore', type: 'enum', enumValues: riskScores },
    { ...field, name: 'rbacGroupId', type: 'int' },
    { ...field, name: 'rbacGroupName', type: 'string' },
  ],
  expandable: [],
  maxTop: 10_000,
  paging: { key: 'id', orderBy: [] },
};

export const machineSet = withEveryProperty(asked, Machine);

/** @param now decides which devices count as inactive. */
export function machineColumns(now: Date): SqlColumns {
  return {
    id: deviceIdColumn(sql`id`),
    computerDnsName: sql`computer_name`,
    version: sql`coalesce(os_distribution, os_version)`,
    deviceValue: sql`device_value`,
    aadDeviceId: sql`aad_device_id`,
    machineTags: sql`(array_remove(array[device_tag], null) || manual_tags)`,
    firstSeen: sql`first_seen`,
    lastSeen: sql`last_seen`,
    exposureLevel: sql`exposure_level`,
    onboardingStatus: sql`case state when 'Onboarded' then 'Onboarded' else 'CanBeOnboarded' end`,
    lastIpAddress: sql`last_ip`,
    lastExternalIpAddress: sql`last_external_ip`,
    healthStatus: healthColumn(now),
    osPlatform: sql`os_platform`,
    riskScore: sql`risk_score`,
    rbacGroupId: sql`rbac_group_id`,
    rbacGroupName: deviceGroupName,
  };
}

export const machineCollection = { name: 'Machines', entity: 'Machine', key: 'id', set: machineSet } as const;
