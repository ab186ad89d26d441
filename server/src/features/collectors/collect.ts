/** What a collector sent, all the way into the log. */
import { ApiError, nowIso7 } from '@merlon/contract';
import { type EventLog, LogFullError } from '@merlon/event-log';
import type { CollectorCaller } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Devices } from '../devices/index.ts';
import type { Collected, HostDecision, HostSeen } from './collect-batch.ts';
import type { CollectPool } from './collect-pool.ts';
import type { CollectorDirectory } from './collector-directory.ts';
import { speaksFor } from './host-patterns.ts';
import type { BodyFormat } from './read-body.ts';
import type { CollectorRow } from './store.ts';
import type { Tally } from './tally.ts';

export interface CollectedBody {
  readonly body: Buffer;
  readonly encoding: string | string[] | undefined;
  readonly format: BodyFormat;
  readonly host: string | null;
  readonly ip: string;
}

export type Collect = (caller: CollectorCaller, sent: CollectedBody) => Promise<Collected>;

/** Seconds to wait when the log is full: the readers need time, not another attempt. */
const LOG_FULL_RETRY_S = 10;
/** How long a host is known not to be an onboarded device. */
const HOST_KNOWN_MS = 60_000;
const MOST_HOSTS = 100_000;
/** Hosts of one request that are looked up at the same time. */
const TOGETHER = 8;

export function collecting(deps: {
  readonly pool: CollectPool;
  readonly directory: CollectorDirectory;
  readonly devices: Pick<Devices, 'discover' | 'lookup' | 'seen'>;
  readonly eventLog: Pick<EventLog, 'append'>;
  readonly tally: Tally;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly retentionDays: number;
}): Collect {
  const { devices, clock, tally } = deps;
  const events = deps.metrics.counter(
    'merlon_collector_events_total',
    'Events that collectors sent, by what became of them.',
  );
  const requests = deps.metrics.counter(
    'merlon_collector_requests_total',
    'Requests of collectors, by outcome.',
  );
  /** Device of a host that is not onboarded, by tenant and name. */
  const known = new Map<string, { deviceId: string; until: number }>();

  return async (caller, { body, encoding, format, host, ip }) => {
    const collector = deps.directory.known(caller.collectorId);
    if (!collector) throw new ApiError('Unauthorized', 'The collector was revoked.');
    try {
      const collected = await deps.pool.run({
        tenantId: caller.tenantId,
        collectorId: caller.collectorId,
        request: { body, encoding: readEncoding(encoding), format, host },
        retentionDays: deps.retentionDays,
        decide: (hosts) => decide(collector, hosts, ip),
        keep,
      });
      tally.add(caller, collected.counted);
      for (const { fate, events: count } of collected.counted) events.inc({ outcome: fate }, count);
      requests.inc({ outcome: 'taken' });
      return collected;
    } catch (error) {
      if (error instanceof ApiError) {
        requests.inc({ outcome: error.status >= 500 || error.status === 429 ? 'put_off' : 'refused' });
        if (error.status < 500 && error.status !== 429)
          tally.add(caller, [
            {
              source: 'request',
              eventId: format,
              fate: 'malformed',
              reason: error.code,
              events: 1,
              lastHost: null,
            },
          ]);
      }
      throw error;
    }
  };

  async function decide(
    collector: CollectorRow,
    hosts: readonly HostSeen[],
    ip: string,
  ): Promise<HostDecision[]> {
    const decisions: HostDecision[] = [];
    for (let at = 0; at < hosts.length; at += TOGETHER)
      decisions.push(
        ...(await Promise.all(hosts.slice(at, at + TOGETHER).map((host) => decideHost(collector, host, ip)))),
      );
    return decisions;
  }

  async function decideHost(
    collector: CollectorRow,
    { name, osPlatform }: HostSeen,
    ip: string,
  ): Promise<HostDecision> {
    const refused = (reason: string): HostDecision => ({ name, stamp: null, reason, introducedBy: null });
    if (!speaksFor(collector.hosts, name)) return refused('a host that this collector may not speak for');
    const tenantId = collector.tenant_id;
    const groups = collector.device_groups.length === 0 ? null : collector.device_groups;
    const key = `${tenantId} ${name.toLowerCase()}`;
    const now = clock.now();
    const before = known.get(key);
    let device =
      before && before.until > now.getTime() ? await devices.lookup(tenantId, before.deviceId) : null;
    let created = false;
    if (!device) {
      const found = await devices.discover(tenantId, {
        name,
        osPlatform,
        by: collector.name,
        groups,
        externalIp: ip,
      });
      if ('refused' in found)
        return refused(
          found.refused === 'onboarded'
            ? 'an onboarded device, which speaks for itself'
            : 'a device group that this collector may not speak for',
        );
      ({ device, created } = found);
      remember(key, device.deviceId, now);
    }
    if (groups !== null && !groups.includes(device.groupId))
      return refused('a device group that this collector may not speak for');
    devices.seen(tenantId, device.deviceId, ip, 'data');
    const stamp = {
      tenantId,
      deviceId: device.deviceId,
      deviceName: device.name,
      machineGroup: device.groupName,
      receivedAt: nowIso7(now),
    };
    return { name, stamp, reason: '', introducedBy: created ? collector.name : null };
  }

  function remember(key: string, deviceId: string, now: Date): void {
    known.delete(key);
    known.set(key, { deviceId, until: now.getTime() + HOST_KNOWN_MS });
    const [oldest] = known.keys();
    if (known.size > MOST_HOSTS && oldest !== undefined) known.delete(oldest);
  }

  async function keep({ records }: Collected): Promise<void> {
    try {
      await Promise.all(
        records.map(({ deviceId, epoch, seq, payload }) =>
          deps.eventLog.append({
            stream: deviceId,
            epoch,
            seq,
            payload: Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
          }),
        ),
      );
    } catch (error) {
      if (!(error instanceof LogFullError)) throw error;
      throw new ApiError('TooManyRequests', 'The event log is full until its readers catch up.', {
        retryAfterSeconds: LOG_FULL_RETRY_S,
        cause: error,
      });
    }
  }
}

function readEncoding(header: string | string[] | undefined): 'gzip' | 'identity' {
  if (header === undefined || header === 'identity') return 'identity';
  if (header === 'gzip') return 'gzip';
  throw new ApiError('UnsupportedMediaType', 'The Content-Encoding must be gzip or identity.');
}
