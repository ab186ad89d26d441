/** Onboarding: the platform's command key, onboarding packages and the enrolment of devices. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ApiError, nowIso7 } from '@merlon/contract';
import type { AdminHandler, Feature, Platform } from '../../feature.ts';
import { LOCAL_ADMINISTRATOR } from '../audit/index.ts';
import type { Devices } from '../devices/index.ts';
import { type CommandKey, commandKeyFrom, newCommandKeyPem } from './command-key.ts';
import type { PackageAnswer } from './commands.ts';
import { enrolmentRoute } from './enrolment.ts';
import { onboardingPackage, PACKAGE_TOOLS, packageFiles } from './onboarding-package.ts';
import { onboardingStore } from './store.ts';

export type { CommandKey } from './command-key.ts';
export { onboardingMigrations } from './migrations.ts';

export interface Onboarding extends Feature {
  commandKey(): CommandKey;
}

export interface OnboardingDeps extends Pick<Platform, 'config' | 'state' | 'clock' | 'audit'> {
  readonly devices: Pick<Devices, 'enrol' | 'verifyNewKey'>;
  /** Finds a tenant by name or id, or the only one there is. Throws ApiError naming what is wrong. */
  readonly tenantOf: (nameOrId: string | undefined) => Promise<string>;
  /** Origin under which clients reach this server. */
  readonly publicUrl: () => string;
}

const MAX_VALID_DAYS = 3_650;

export function createOnboarding(deps: OnboardingDeps): Onboarding {
  const store = onboardingStore(deps.state);
  let key: CommandKey | undefined;
  const commandKey = () => {
    if (!key) throw new Error('the command key is read when the feature starts');
    return key;
  };

  const createPackage: AdminHandler = async (input): Promise<PackageAnswer> => {
    const request = readRequest(input);
    const tenantId = await deps.tenantOf(request.tenant);
    const createdAt = deps.clock.now();
    const expiresAt = new Date(createdAt.getTime() + request.validDays * 86_400_000);
    const packageId = randomUUID();
    const serverUrl = request.server ?? deps.publicUrl();
    await store.addPackage(tenantId, {
      id: packageId,
      os: request.os,
      tool: request.tool,
      tag: request.tag,
      server_url: serverUrl,
      created_at: createdAt,
      expires_at: expiresAt,
    });
    await deps.audit.record({
      tenantId,
      actor: LOCAL_ADMINISTRATOR,
      action: 'package.create',
      target: { kind: 'package', id: packageId },
      outcome: 'success',
      details: { os: request.os, tool: request.tool, serverUrl },
    });
    const caPem = readFileSync(join(deps.config.home, 'ca.pem'), 'utf8');
    const content = await onboardingPackage(
      { tenantId, packageId, serverUrl, caPem, tag: request.tag, createdAt, expiresAt },
      commandKey(),
    );
    return {
      packageId,
      tenantId,
      serverUrl,
      expiresAt: nowIso7(expiresAt),
      files: packageFiles(content, request.tool),
    };
  };

  return {
    name: 'onboarding',
    commandKey,
    routes: [enrolmentRoute({ ...deps, hasPackage: store.hasPackage, commandKey })],
    admin: { 'package.create': createPackage },
    async start() {
      key = commandKeyFrom(await store.commandKey(newCommandKeyPem(), deps.clock.now()));
    },
  };
}

interface PackageInput {
  readonly os: string;
  readonly tool: string;
  readonly tag: string | null;
  readonly tenant: string | undefined;
  readonly server: string | undefined;
  readonly validDays: number;
}

function readRequest(input: unknown): PackageInput {
  const options = (typeof input === 'object' && input !== null ? input : {}) as Record<string, unknown>;
  const text = (name: string) =>
    typeof options[name] === 'string' && options[name] !== '' ? options[name] : undefined;
  const os = (text('os') ?? '').toLowerCase();
  const tool = (text('tool') ?? '').toLowerCase();
  const tools = PACKAGE_TOOLS[os];
  if (!tools) {
    throw new ApiError(
      'InvalidInput',
      `There is no package for os "${os}"; there is one for ${Object.keys(PACKAGE_TOOLS).join(', ')}.`,
    );
  }
  if (!tools.includes(tool)) {
    throw new ApiError('InvalidInput', `There is no tool "${tool}" for ${os}; there is ${tools.join(', ')}.`);
  }
  const validDays = Number(text('validDays') ?? 365);
  if (!Number.isInteger(validDays) || validDays < 1 || validDays > MAX_VALID_DAYS) {
    throw new ApiError('InvalidInput', `valid-days must be a whole number from 1 to ${MAX_VALID_DAYS}.`);
  }
  const tag = text('tag') ?? null;
  if (tag !== null && tag.length > 200)
    throw new ApiError('InvalidInput', 'A tag has at most 200 characters.');
  return { os, tool, tag, tenant: text('tenant'), server: origin(text('server')), validDays };
}

function origin(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:') {
    throw new ApiError('InvalidInput', 'The server address must be an https:// URL.');
  }
  return new URL(url).origin;
}
