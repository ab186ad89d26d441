/** `merlon-agent onboard`: from a package to an enrolled device. May be interrupted anywhere and repeated; see onboarding-state.ts. */
import { readFile } from 'node:fs/promises';
import { AgentError, codeOf, EXIT, messageOf } from '../agent-error.ts';
import { createLog } from '../agent-log.ts';
import { askDaemon } from '../control/control-client.ts';
import { takeExclusive } from '../control/exclusive.ts';
import { makePrivateFolder } from '../files/durable.ts';
import { describeDevice } from '../identity/device-description.ts';
import { enrol } from '../identity/enrolment.ts';
import { checkOnboardingPackage } from '../identity/onboarding-package.ts';
import { OnboardingStore } from '../identity/onboarding-state.ts';
import { ServerClock } from '../identity/server-clock.ts';
import { ServerAddresses } from '../server/server-addresses.ts';
import { ServerLink } from '../server/server-link.ts';
import type { Settings } from '../settings.ts';
import type { Output } from './output.ts';

const TAG_CHARS = 200;

export async function onboard(
  settings: Settings,
  options: { package: string; tag?: string },
  output: Output,
): Promise<void> {
  const { tag } = options;
  if (tag !== undefined && (tag.length === 0 || tag.length > TAG_CHARS)) {
    throw new AgentError(`--tag must have 1 to ${TAG_CHARS} characters`, { exitCode: EXIT.usage });
  }
  const text = await readFile(options.package, 'utf8').catch((error: unknown) => {
    throw new AgentError(`the onboarding package cannot be read: ${messageOf(error)}`, { cause: error });
  });
  const content = await checkOnboardingPackage(text, new Date());
  await makePrivateFolder(settings.home).catch((error: unknown) => {
    throw new AgentError(`the state folder ${settings.home} cannot be made: ${messageOf(error)}`, {
      cause: error,
    });
  });
  const release = await takeExclusive(settings.home, 'onboarding');
  try {
    const store = new OnboardingStore(settings.home);
    const taken = await store.takePackage(content, tag);
    if ('alreadyOnboarded' in taken) {
      output.line(
        `already onboarded to tenant ${content.tenantId} as device ${taken.alreadyOnboarded.deviceId}`,
      );
      return;
    }
    const { state, key } = taken;
    const link = new ServerLink({
      url: state.server.url,
      caPem: state.server.caPem,
      addresses: new ServerAddresses({ url: new URL(state.server.url), file: null, resolvers: null }),
      clock: new ServerClock(),
      signer: { key, sub: key.thumbprint },
    });
    try {
      const { deviceId, serverTime } = await enrol({
        link,
        key,
        tenantId: state.tenantId,
        enrolmentToken: state.enrolmentToken,
        device: describeDevice(),
        log: createLog({ level: settings.logLevel }).part('enrolment'),
      });
      await store.enrolled(state, deviceId, serverTime);
      output.line(`onboarded to tenant ${state.tenantId} as device ${deviceId}`);
    } finally {
      link.close();
    }
  } finally {
    await release();
  }
  await wakeDaemon(settings, output);
}

/** A daemon that runs starts at once; one that does not will find the device enrolled when it starts. */
async function wakeDaemon(settings: Settings, output: Output): Promise<void> {
  try {
    await askDaemon(settings.controlSocket, { verb: 'reload' });
  } catch (error) {
    if (!(error instanceof AgentError) || error.exitCode !== EXIT.notRunning) throw error;
    const absent = codeOf(error.cause) === 'ENOENT' || codeOf(error.cause) === 'ECONNREFUSED';
    output.line(
      absent
        ? 'merlon-agent is not running; it takes up its work when it starts'
        : `merlon-agent could not be told: ${error.message}; restart it`,
    );
  }
}
