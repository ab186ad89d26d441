/** How investigations begin: by alerts that nothing has looked at yet, and by the word of whoever may start one. */
import { ApiError } from '@merlon/contract';
import type { Caller } from '../../http/route.ts';
import type { UntriagedAlert } from '../alerts/index.ts';
import type { DeviceGroups } from '../device-groups/index.ts';
import type { DeviceIdentity, Devices } from '../devices/index.ts';
import { AUTOMATION, type ProgressDeps } from './progress.ts';
import { familyOf, type RemediationLevel } from './remediation-level.ts';
import type { AutomationTransaction, InvestigationRow } from './store.ts';

/** A round takes so many; the next follows at once while there are more. */
const PER_ROUND = 500;
/** Events that belong to an alert, such as what the device did about it, come shortly after it. */
const LOOK_AFTER_MS = 3_000;

export interface BeginDeps extends ProgressDeps {
  readonly devices: Pick<Devices, 'lookup'>;
  readonly deviceGroups: Pick<DeviceGroups, 'list'>;
}

/** The remediation level of a device. A tenant without groups has full remediation (rbac.md). */
export async function levelOf(
  deviceGroups: Pick<DeviceGroups, 'list'>,
  { tenantId, groupId }: Pick<DeviceIdentity, 'tenantId' | 'groupId'>,
): Promise<RemediationLevel> {
  const group = (await deviceGroups.list(tenantId)).find(({ id }) => id === groupId);
  return group?.remediationLevel ?? 'Full';
}

/** Decides on alerts that nothing has decided on. @returns how many there were */
export async function triage(deps: BeginDeps): Promise<number> {
  const waiting = await deps.alerts.investigations.untriaged(PER_ROUND);
  const byDevice = new Map<string, UntriagedAlert[]>();
  for (const alert of waiting) {
    const key = `${alert.tenantId} ${alert.machineId} ${alert.namesEntities}`;
    byDevice.set(key, [...(byDevice.get(key) ?? []), alert]);
  }
  for (const alerts of byDevice.values()) await triageOf(deps, alerts);
  return waiting.length;
}

/** Alerts of one device that are alike. */
async function triageOf(deps: BeginDeps, alerts: readonly UntriagedAlert[]): Promise<void> {
  const [first] = alerts;
  if (!first) return;
  const { tenantId, machineId, machineName, namesEntities } = first;
  const device = await deps.devices.lookup(tenantId, machineId);
  const level = device ? await levelOf(deps.deviceGroups, device) : 'None';
  const ids = alerts.map(({ id }) => id);
  await deps.alerts.investigations.triage(tenantId, ids, async (fresh) => {
    if (!device || level === 'None') return null;
    if (!namesEntities) return { id: null, state: 'UnsupportedAlertType' };
    const now = deps.clock.now();
    const row = await deps.store.begin(
      tenantId,
      {
        machine_id: machineId,
        machine_name: machineName,
        state: familyOf(device.osPlatform) === null ? 'UnsupportedOs' : 'Queued',
        triggering_alert_id: fresh[0] ?? null,
        requestor: AUTOMATION.name,
        comment: null,
        due_at: new Date(now.getTime() + LOOK_AFTER_MS),
      },
      { now, join: true },
      (db, investigation, joined) => recordBeginning(deps, db, investigation, fresh, joined),
    );
    if (!row) throw new Error('an investigation that may be joined is neither begun nor joined');
    return { id: Number(row.id), state: row.state };
  });
}

function recordBeginning(
  { audit }: BeginDeps,
  db: AutomationTransaction,
  { tenant_id: tenantId, id, state, machine_id: machineId }: InvestigationRow,
  alertIds: readonly string[],
  joined: boolean,
): Promise<void> {
  return audit.record(
    {
      tenantId,
      actor: AUTOMATION,
      action: joined ? 'investigation.join' : 'investigation.start',
      target: { kind: 'investigation', id },
      outcome: 'success',
      details: { state, machineId, alerts: alertIds.slice(0, 20), alertCount: alertIds.length },
    },
    db,
  );
}

/**
 * By hand: of the device's open alerts.
 * @throws ApiError BadRequest (offboarded), DisallowedOperation (its group allows none), ActiveRequestAlreadyExists
 */
export async function start(
  deps: BeginDeps,
  device: DeviceIdentity,
  caller: Pick<Caller, 'kind' | 'id' | 'name'>,
  comment: string,
  alongside: (db: AutomationTransaction, id: string) => Promise<void>,
): Promise<InvestigationRow> {
  const { tenantId, deviceId, name } = device;
  if (device.state === 'Offboarded')
    throw new ApiError('BadRequest', `Machine ${deviceId} is offboarded and is not investigated.`);
  if ((await levelOf(deps.deviceGroups, device)) === 'None')
    throw new ApiError(
      'DisallowedOperation',
      `The device group of machine ${deviceId} allows no automated response, so nothing is investigated there.`,
    );
  const now = deps.clock.now();
  const row = await deps.store.begin(
    tenantId,
    {
      machine_id: deviceId,
      machine_name: name,
      state: familyOf(device.osPlatform) === null ? 'UnsupportedOs' : 'Queued',
      triggering_alert_id: null,
      requestor: caller.kind === 'user' ? caller.name : caller.id,
      comment,
      due_at: now,
    },
    { now, join: false },
    (db, investigation) => alongside(db, investigation.id),
  );
  if (!row)
    throw new ApiError(
      'ActiveRequestAlreadyExists',
      'An investigation of this device is already in progress.',
    );
  return row;
}
