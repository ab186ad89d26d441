/** `merlon-agent connectivity test`: walks the way to the server, one line a step, each OK or the exact error. */
import { readFile } from 'node:fs/promises';
import { isIP, connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { DEVICE_PATHS } from '@merlon/contract';
import { AgentError, EXIT, type ExitCode, messageOf } from '../agent-error.ts';
import { askDaemon } from '../control/control-client.ts';
import { DeviceKey } from '../identity/device-key.ts';
import { checkOnboardingPackage } from '../identity/onboarding-package.ts';
import { OnboardingStore } from '../identity/onboarding-state.ts';
import { ServerClock } from '../identity/server-clock.ts';
import { explainNetworkError } from '../server/network-error.ts';
import { ServerAddresses } from '../server/server-addresses.ts';
import { errorInReply, ServerLink } from '../server/server-link.ts';
import type { Settings } from '../settings.ts';
import type { Output } from './output.ts';

const PATIENCE_MS = 10_000;

interface Target {
  readonly url: URL;
  readonly caPem: string;
  /** Null while not enrolled. */
  readonly signer: { readonly key: DeviceKey; readonly sub: string } | null;
}

export async function testConnectivity(
  settings: Settings,
  options: { package?: string },
  output: Output,
): Promise<ExitCode> {
  const target = await findTarget(settings, options.package);
  const { url, caPem, signer } = target;
  const addresses = new ServerAddresses({ url, file: null, resolvers: null });
  const link = new ServerLink({ url: url.href, caPem, addresses, clock: new ServerClock(), signer });
  let failed = false;
  const step = async (name: string, work: () => Promise<string>): Promise<boolean> => {
    try {
      const detail = await work();
      output.line(`${name.padEnd(60)} OK${detail ? ` (${detail})` : ''}`);
      return true;
    } catch (error) {
      failed = true;
      output.line(`${name.padEnd(60)} ERROR ${messageOf(error)}`);
      return false;
    }
  };
  try {
    let found: string[] = [];
    const named = await step(`DNS ${addresses.host}`, async () => {
      found = await addresses.find();
      return isIP(addresses.host) ? 'an address already' : found.join(', ');
    });
    if (!named) return EXIT.failed;
    for (const address of found)
      await step(`TCP ${hostPort(address, addresses.port)}`, () => tcp(address, addresses.port));
    await step(`TLS ${url.host}`, () => tls(target, addresses));
    await step(`POST ${new URL(DEVICE_PATHS.enrol, url).href}`, () => enrolmentAnswers(link));
    await step(`WebSocket ${new URL(DEVICE_PATHS.channel, url).href}`, () =>
      channelAnswers(settings, link, signer !== null),
    );
    return failed ? EXIT.failed : EXIT.ok;
  } finally {
    link.close();
  }
}

async function findTarget(settings: Settings, packagePath: string | undefined): Promise<Target> {
  if (packagePath !== undefined) {
    const content = await checkOnboardingPackage(await readFile(packagePath, 'utf8'), new Date());
    return { url: new URL(content.serverUrl), caPem: content.caPem, signer: null };
  }
  const store = new OnboardingStore(settings.home);
  const state = await store.read();
  switch (state.state) {
    case 'Enrolled': {
      const key = await DeviceKey.load(store.keyPath);
      const signer = key ? { key, sub: state.deviceId } : null;
      return { url: new URL(state.server.url), caPem: state.server.caPem, signer };
    }
    case 'KeyMade':
      return { url: new URL(state.server.url), caPem: state.server.caPem, signer: null };
    case 'NotOnboarded':
    case 'Offboarded':
      throw new AgentError('this device is not onboarded: name a package to test with, --package FILE', {
        exitCode: EXIT.usage,
      });
    default:
      throw new Error(`unknown onboarding state ${(state satisfies never as { state: string }).state}`);
  }
}

function tcp(address: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tcpConnect({ host: address, port, timeout: PATIENCE_MS });
    socket.on('connect', () => {
      socket.destroy();
      resolve('');
    });
    socket.on('timeout', () => socket.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)));
    socket.on('error', reject);
  });
}

function tls({ url, caPem }: Target, addresses: ServerAddresses): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = tlsConnect({
      host: addresses.host,
      port: addresses.port,
      ca: caPem,
      lookup: addresses.lookup,
      ...(isIP(addresses.host) ? {} : { servername: addresses.host }),
      timeout: PATIENCE_MS,
    });
    socket.on('secureConnect', () => {
      const { subject, valid_to } = socket.getPeerCertificate();
      const protocol = socket.getProtocol();
      socket.destroy();
      resolve(`${protocol}, signed by the pinned authority, CN=${subject?.CN ?? '?'}, valid to ${valid_to}`);
    });
    socket.on('timeout', () => socket.destroy(new Error(`no answer within ${PATIENCE_MS / 1000} s`)));
    socket.on('error', (error) => reject(explainNetworkError(error, url)));
  });
}

/** An empty request enrols nothing; a Merlon server says so in its own form. */
async function enrolmentAnswers(link: ServerLink): Promise<string> {
  const reply = await link.request({ method: 'POST', path: DEVICE_PATHS.enrol });
  const { code, message } = errorInReply(reply);
  if (code === '' || reply.status >= 500 || reply.status === 404)
    throw new Error(`${reply.status} ${message}`);
  return 'the server answers';
}

/** A daemon that runs holds the channel: a second one would take it from it. */
async function channelAnswers(settings: Settings, link: ServerLink, enrolled: boolean): Promise<string> {
  const running = await askDaemon(settings.controlSocket, { verb: 'health' }).catch((error: unknown) => {
    if (error instanceof AgentError && error.exitCode === EXIT.notRunning) return null;
    throw error;
  });
  if (enrolled && running !== null) {
    const { channel_state: state, channel_problem: problem } = running as Record<string, unknown>;
    if (state === 'Open') return 'the running agent holds it open';
    throw new Error(`the running agent has it ${String(state)}: ${String(problem)}`);
  }
  const opening = await link.openChannel();
  if (opening.kind === 'open') {
    opening.socket.close(1000);
    return 'opened and closed again';
  }
  const { code, message } = errorInReply(opening.reply);
  if (!enrolled && opening.reply.status === 401 && code !== '') return 'the server answers; not enrolled yet';
  throw new Error(`${opening.reply.status} ${code}: ${message}`);
}

function hostPort(address: string, port: number): string {
  return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}
