/** The simulated fleet: which computers there are, and what each of them lived through. Deterministic for a seed and an end time. */
import { type DeviceDescription, nowIso7, type OnboardingPackage } from '@merlon/contract';
import { type DeviceClient, enrolDevice } from './device-client.ts';
import { ordinaryDay } from './ordinary-day.ts';
import { Random } from './random.ts';
import { type HostDescription, OS_FACTS, type OsFamily, type Row, SimulatedHost } from './simulated-host.ts';
import { type Story, stories } from './stories/index.ts';

export interface FleetPlan {
  readonly devices: number;
  readonly days: number;
  readonly seed: string;
  /** The moment the last day ends: now. */
  readonly end: Date;
}

export interface PlannedDevice {
  readonly host: HostDescription;
  readonly description: DeviceDescription;
  readonly rows: readonly Row[];
  readonly story: Story | null;
}

const AGENT_VERSION = '0.1.0-simulated';
const DOMAIN = 'contoso';
const PEOPLE = [
  'adele',
  'bruno',
  'chidi',
  'dana',
  'emil',
  'farah',
  'goran',
  'hanna',
  'ivo',
  'jana',
  'kemal',
  'lea',
];
const SHAPE: readonly OsFamily[] = ['windows', 'linux', 'windows', 'macos'];
/** The latest story happened just now, earlier ones at these distances from it. */
const STORY_SPACING_MS = 7 * 3_600_000;
const STORY_LEAD_MS = 6 * 60_000;

/** Whoever asks twice with the same plan gets the same rows. */
export function planFleet(plan: FleetPlan): PlannedDevice[] {
  const told = new Set<Story>();
  return Array.from({ length: plan.devices }, (_, index) => {
    const os = SHAPE[index % SHAPE.length] ?? 'linux';
    const story = stories.find((candidate) => candidate.os === os && !told.has(candidate)) ?? null;
    if (story) told.add(story);
    return planDevice(plan, index, os, story);
  });
}

function planDevice(plan: FleetPlan, index: number, os: OsFamily, story: Story | null): PlannedDevice {
  const random = new Random(`${plan.seed} ${index}`);
  const user = PEOPLE[index % PEOPLE.length] ?? 'sam';
  const number = String(index + 1).padStart(2, '0');
  const host: HostDescription = {
    name:
      { windows: `ws-${user}-${number}`, linux: `srv-web-${number}`, macos: `mac-${user}-${number}` }[os] +
      '.contoso.example',
    os,
    domain: DOMAIN,
    user,
    address: `10.20.0.${30 + index}`,
  };
  const simulated = new SimulatedHost(host, new Date(plan.end.getTime() - plan.days * 86_400_000), random);
  for (let day = plan.days - 1; day >= 0; day--) {
    ordinaryDay(
      simulated,
      random,
      new Date(plan.end.getTime() - day * 86_400_000 - STORY_LEAD_MS),
      AGENT_VERSION,
    );
  }
  if (story) {
    const order = stories.indexOf(story);
    const began = new Date(plan.end.getTime() - STORY_LEAD_MS - order * STORY_SPACING_MS);
    const actor = new SimulatedHost(host, began, new Random(`${plan.seed} ${index} ${story.name}`));
    story.play(actor);
    simulated.rows.push(...actor.rows);
  }
  // Nothing lies in the future, and a sensor tells in the order of time.
  const latest = nowIso7(plan.end);
  const rows = simulated.rows
    .filter((row) => row.Timestamp <= latest)
    .sort((a, b) => (a.Timestamp < b.Timestamp ? -1 : 1));
  return { host, description: descriptionOf(host), rows, story };
}

function descriptionOf(host: HostDescription): DeviceDescription {
  const facts = OS_FACTS[host.os];
  return {
    computerName: host.name,
    osPlatform: facts.platform,
    osDistribution: facts.distribution,
    osVersion: facts.version,
    ...(facts.build > 0 ? { osBuild: facts.build } : {}),
    osArchitecture: '64-bit',
    osProcessor: facts.processor,
    agentVersion: AGENT_VERSION,
  };
}

export interface Progress {
  readonly device: string;
  readonly rows: number;
  readonly story: string | null;
}

/** Enrols every device and sends what it lived through. With `stay`, the devices keep their command channels open. */
export async function* playFleet(
  fleet: readonly PlannedDevice[],
  onboarding: OnboardingPackage,
  stay: boolean,
): AsyncGenerator<Progress, DeviceClient[]> {
  const clients: DeviceClient[] = [];
  for (const planned of fleet) {
    const client = await enrolDevice(onboarding, planned.description);
    await client.send(planned.rows);
    if (stay) {
      await client.attend();
      clients.push(client);
    } else client.close();
    yield { device: planned.host.name, rows: planned.rows.length, story: planned.story?.name ?? null };
  }
  return clients;
}
