/** Runs an investigation: gathers what its alerts are about, judges it, and proposes what to do. */
import { randomUUID } from 'node:crypto';
import { type Alert, alertSeverities } from '@merlon/contract';
import type { EventStore, Profiles } from '@merlon/event-store';
import type { Logger } from '../../telemetry/log.ts';
import type { AlertEventRef } from '../alerts/index.ts';
import type { DeviceIdentity } from '../devices/index.ts';
import type { Indicators, IndicatorWatch } from '../indicators/index.ts';
import { type BeginDeps, levelOf } from './begin.ts';
import { distinct, type Entity, entityOfEvidence } from './entity.ts';
import { areReadable, type Detection, detectionsOf, type GatherScope, related } from './gather.ts';
import { follow, leave } from './progress.ts';
import { folderClass, type RemediationLevel, remediatesAlone } from './remediation-level.ts';
import type { InvestigationRow, Judged, NewRemediation } from './store.ts';
import { type Facts, judge } from './verdict-rules.ts';

const AT_ONCE = 4;
/** A run that takes longer is run again beside itself, which changes nothing: what it finds is known by itself. */
const LEASE_MS = 20_000;
const MAX_ATTEMPTS = 5;
const MAX_ALERTS = 50;
const MAX_ENTITIES = 300;
const MAX_EVENTS = 200;
/** How often events of alerts are waited for before it goes on without them. */
const MAX_WAITS = 10;
const WAIT_MS = 1_000;
const RETRY_MS = 10_000;
const PREVALENCE_MS = 30 * 86_400_000;
/** What nobody approved in this time counts as rejected: rbac.md, remediation levels. */
const APPROVAL_MS = 7 * 86_400_000;

export interface RunDeps extends BeginDeps {
  readonly events: Pick<EventStore, 'query'>;
  readonly profiles: Pick<Profiles, 'files'>;
  readonly indicators: { watch(tenantId: string): Promise<IndicatorWatch> };
  readonly log: Logger;
}

/** @returns how many were run */
export async function runDue(deps: RunDeps): Promise<number> {
  const now = deps.clock.now();
  const claimed = await deps.store.claim(now, new Date(now.getTime() + LEASE_MS), AT_ONCE);
  await Promise.all(claimed.map((one) => run(deps, one)));
  return claimed.length;
}

async function run(deps: RunDeps, investigation: InvestigationRow): Promise<void> {
  const { tenant_id: tenantId, id, attempts } = investigation;
  try {
    const device = await deps.devices.lookup(tenantId, investigation.machine_id);
    if (!device)
      return await leave(
        deps,
        investigation,
        { kind: 'gaveUp' },
        { details: 'The device is not known any more.' },
      );
    const alerts = await alertsOf(deps, investigation);
    const scope = scopeOf(device, alerts, investigation.started_at);
    const waits = attempts <= MAX_WAITS && !(await eventsReadable(deps, scope, alerts));
    if (waits)
      return await leave(
        deps,
        investigation,
        { kind: 'postponed' },
        {
          details: 'Waits for the events of its alerts.',
          dueAt: new Date(deps.clock.now().getTime() + WAIT_MS),
        },
      );
    const judged = await judgeAll(deps, device, scope, alerts);
    const level = await levelOf(deps.deviceGroups, device);
    const { proposed, ...without } = remediationsFor(judged, level, device.osPlatform, deps.clock.now());
    await deps.alerts.investigations.change(tenantId, async () => {
      await deps.store.found(tenantId, investigation, judged, proposed, without, deps.clock.now());
      return follow(deps, tenantId, id, 'settled');
    });
  } catch (error) {
    deps.log.warn({ err: error, tenantId, investigation: id, attempts }, 'an investigation could not be run');
    const last = attempts >= MAX_WAITS + MAX_ATTEMPTS;
    await leave(deps, investigation, last ? { kind: 'gaveUp' } : { kind: 'postponed' }, {
      details: last ? 'What it is about could not be read.' : 'It could not be run, and is tried again.',
      dueAt: new Date(deps.clock.now().getTime() + RETRY_MS),
    });
  }
}

/** Begun by alerts: those; begun by hand: the open ones of the device, and what joined since. */
async function alertsOf(
  { alerts }: RunDeps,
  { tenant_id: tenantId, id, machine_id: machineId, triggering_alert_id: trigger }: InvestigationRow,
): Promise<Alert[]> {
  const own = await alerts.investigations.about(tenantId, { investigation: Number(id) }, MAX_ALERTS);
  if (trigger !== null) return own;
  const open = await alerts.investigations.about(tenantId, { machineId }, MAX_ALERTS);
  return [...new Map([...own, ...open].map((alert) => [alert.id, alert])).values()];
}

function scopeOf(
  { tenantId, deviceId }: DeviceIdentity,
  alerts: readonly Alert[],
  startedAt: Date,
): GatherScope {
  const times = alerts.flatMap(({ firstEventTime, lastEventTime }) =>
    [firstEventTime, lastEventTime].flatMap((time) => (time === null ? [] : [new Date(time).getTime()])),
  );
  if (times.length === 0) return { tenantId, deviceId, from: startedAt, to: startedAt };
  return { tenantId, deviceId, from: new Date(Math.min(...times)), to: new Date(Math.max(...times)) };
}

async function eventsReadable(
  { alerts, events }: RunDeps,
  scope: GatherScope,
  about: readonly Alert[],
): Promise<boolean> {
  const ids = about.map(({ id }) => id);
  const wanted: AlertEventRef[] = await alerts.investigations.eventsOf(scope.tenantId, ids, MAX_EVENTS);
  return areReadable(events, scope, wanted);
}

async function judgeAll(
  deps: RunDeps,
  device: DeviceIdentity,
  scope: GatherScope,
  alerts: readonly Alert[],
): Promise<Judged[]> {
  const named = alerts.flatMap(({ evidence }) => evidence.flatMap((one) => entityOfEvidence(one) ?? []));
  const all = distinct([...named, ...(await related(deps.events, scope, named))], MAX_ENTITIES);
  const entities = [...all.values()];
  const hashesOf = (kind: 'sha1' | 'sha256') => [
    ...new Set(entities.flatMap((one) => (one[kind] === null ? [] : [one[kind]]))),
  ];
  const hashes = { sha1: hashesOf('sha1'), sha256: hashesOf('sha256') };
  const now = deps.clock.now();
  const since = new Date(now.getTime() - PREVALENCE_MS);
  const everywhere = { tenantId: scope.tenantId, deviceGroups: 'all' } as const;
  const [detections, bySha256, bySha1, watch] = await Promise.all([
    detectionsOf(deps.events, scope, [...hashes.sha1, ...hashes.sha256], now),
    deps.profiles.files(everywhere, 'sha256', hashes.sha256, since),
    deps.profiles.files(everywhere, 'sha1', hashes.sha1, since),
    deps.indicators.watch(scope.tenantId),
  ]);
  const files = [...bySha256, ...bySha1];
  const severity =
    alertSeverities.findLast((one) => alerts.some((alert) => alert.severity === one)) ?? 'UnSpecified';
  return [...all].map(([identity, entity]): Judged => {
    const profile = files.find(
      ({ sha1, sha256 }) =>
        (entity.sha256 !== null && sha256 === entity.sha256) ||
        (entity.sha1 !== null && sha1 === entity.sha1),
    );
    const [indicator] = watch.ruling(rowOf(entity), device.groupName, now.getTime());
    const detection = detectionOf(detections, entity);
    const facts: Facts = {
      kind: entity.kind,
      indicator: indicator ? { action: indicator.action, title: indicator.title } : null,
      threat: detection?.threat ?? null,
      putAway: detection?.putAway ?? false,
      devices: profile?.devices ?? null,
      trustedSigner: profile?.signature?.isTrusted ? profile.signature.signer : null,
      inTempFolder: entity.folders.some((folder) => folderClass(folder, device.osPlatform) === 'temp'),
      severity: entity.named ? severity : 'UnSpecified',
    };
    return { identity, entity, ...judge(facts) };
  });
}

function detectionOf(
  detections: ReadonlyMap<string, Detection>,
  { sha1, sha256 }: Entity,
): Detection | undefined {
  return detections.get(sha256 ?? '') ?? detections.get(sha1 ?? '');
}

/** As indicators are looked for in events. */
function rowOf({ sha1, sha256, ipAddress, url }: Entity): Record<string, unknown> {
  return { SHA1: sha1, SHA256: sha256, RemoteIP: ipAddress, RemoteUrl: url };
}

/** Pure. What may be done about the threats, and how many there are that nothing is done about. */
export function remediationsFor(
  judged: readonly Judged[],
  level: RemediationLevel,
  osPlatform: string,
  now: Date,
): { readonly proposed: NewRemediation[]; readonly held: number; readonly unanswered: number } {
  const proposed: NewRemediation[] = [];
  let held = 0;
  let unanswered = 0;
  for (const { entity, verdict, reason, remedy } of judged) {
    if (verdict !== 'Malicious' && verdict !== 'Suspicious') continue;
    const hash = entity.sha256 ?? entity.sha1;
    if (remedy === 'held') held += 1;
    else if (hash === null) unanswered += 1;
    else {
      const automatic = remedy === 'byLevel' && remediatesAlone(level, verdict, entity.folders, osPlatform);
      proposed.push({
        id: randomUUID(),
        state: automatic ? 'Approved' : 'Pending',
        automatic,
        file_algorithm: entity.sha256 === null ? 'Sha1' : 'Sha256',
        file_hash: hash,
        file_name: entity.fileName,
        folders: [...entity.folders],
        verdict,
        reason,
        expires_at: new Date(now.getTime() + APPROVAL_MS),
      });
    }
  }
  return { proposed, held, unanswered };
}

/** Keeps what is looked for, for as long as the indicators of a tenant stay the same. */
export function watches(
  indicators: Pick<Indicators, 'stamp' | 'watched'>,
  make: (watched: Awaited<ReturnType<Indicators['watched']>>) => IndicatorWatch,
): RunDeps['indicators'] {
  const kept = new Map<string, { readonly stamp: string; readonly watch: IndicatorWatch }>();
  return {
    async watch(tenantId) {
      const stamp = await indicators.stamp(tenantId);
      const known = kept.get(tenantId);
      const entry =
        known?.stamp === stamp ? known : { stamp, watch: make(await indicators.watched(tenantId)) };
      // Re-inserting moves it to the end: the first is the one that was not asked for longest.
      kept.delete(tenantId);
      kept.set(tenantId, entry);
      const [oldest] = kept.keys();
      if (kept.size > MAX_WATCHES && oldest !== undefined) kept.delete(oldest);
      return entry.watch;
    },
  };
}
const MAX_WATCHES = 8;
