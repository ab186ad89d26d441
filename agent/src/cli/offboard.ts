/** `merlon-agent offboard`: local, by root. The daemon does it if it runs; otherwise it is done here. */
import { readFile } from 'node:fs/promises';
import { AgentError, EXIT, messageOf } from '../agent-error.ts';
import { createLog } from '../agent-log.ts';
import { askDaemon } from '../control/control-client.ts';
import { takeExclusive } from '../control/exclusive.ts';
import { Restriction, refuseWhileRestricted } from '../guard/restriction.ts';
import { checkOffboardingPackage } from '../identity/offboarding-package.ts';
import { OnboardingStore } from '../identity/onboarding-state.ts';
import { Isolation, refuseWhileIsolated } from '../responder/isolation.ts';
import { nftCommand } from '../responder/nft.ts';
import type { Settings } from '../settings.ts';
import type { Output } from './output.ts';

export async function offboard(
  settings: Settings,
  options: { readonly force: boolean; readonly package?: string },
  output: Output,
): Promise<void> {
  const { force } = options;
  if (options.package !== undefined) await requirePackage(settings, options.package);
  const done = (await byDaemon(settings, force)) ?? (await here(settings, force));
  output.line(`offboarded device ${done.deviceId}: its key and what it had not sent are deleted`);
  if (done.isolated) {
    output.line(
      'the device stays isolated. Only an order releases it: onboard it again and release it from the server',
    );
  }
}

/** A tool that offboards many shows the package it was given: it ends its own tenant's onboardings only, and not for ever. */
async function requirePackage(settings: Settings, path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new AgentError(`the offboarding package cannot be read: ${messageOf(error)}`, { cause: error });
  });
  const before = await new OnboardingStore(settings.home).read();
  if (before.state !== 'Enrolled') throw new AgentError('this device is not onboarded');
  await checkOffboardingPackage(text, before, new Date());
}

interface Done {
  readonly deviceId: string;
  readonly isolated: boolean;
}

/** Null when no daemon runs. */
async function byDaemon(settings: Settings, force: boolean): Promise<Done | null> {
  try {
    const result = await askDaemon(settings.controlSocket, { verb: 'offboard', force });
    const { deviceId, isolated } = result as Done;
    return { deviceId, isolated };
  } catch (error) {
    if (error instanceof AgentError && error.exitCode === EXIT.notRunning) return null;
    throw error;
  }
}

async function here(settings: Settings, force: boolean): Promise<Done> {
  // While we hold the daemon's place, none can start between our reading of the state and its change.
  const release = await takeExclusive(settings.home, 'daemon');
  try {
    const store = new OnboardingStore(settings.home);
    const before = await store.read();
    if (before.state !== 'Enrolled') throw new AgentError('this device is not onboarded');
    const log = createLog({ level: settings.logLevel });
    const isolation = await Isolation.open({ home: settings.home, nft: nftCommand(), log });
    refuseWhileIsolated(isolation, force);
    const restriction = await Restriction.open(settings.home);
    refuseWhileRestricted(restriction.wanted.restricted, force);
    await store.offboarded(before, new Date().toISOString());
    return { deviceId: before.deviceId, isolated: isolation.wanted.plan !== null };
  } finally {
    await release();
  }
}
