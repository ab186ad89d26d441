/** Makes onboarding packages: what a device needs in order to enrol, and the files that carry it for each operating system and tool. */
import {
  ENROLMENT_TOKEN_TYPE,
  type EnrolmentClaims,
  nowIso7,
  type OnboardingPackage,
} from '@merlon/contract';
import type { CommandKey } from './command-key.ts';

export const PACKAGE_FILE = 'merlon_onboard.json';

export interface PackageRequest {
  readonly tenantId: string;
  readonly packageId: string;
  readonly serverUrl: string;
  readonly caPem: string;
  readonly tag: string | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export async function onboardingPackage(
  request: PackageRequest,
  key: CommandKey,
): Promise<OnboardingPackage> {
  const { tenantId, packageId, serverUrl, caPem, tag, createdAt, expiresAt } = request;
  const claims: EnrolmentClaims = {
    tid: tenantId,
    pkg: packageId,
    iat: Math.floor(createdAt.getTime() / 1000),
    exp: Math.floor(expiresAt.getTime() / 1000),
    ...(tag === null ? {} : { tag }),
  };
  return {
    kind: 'merlon-onboarding',
    version: 1,
    tenantId,
    packageId,
    serverUrl,
    caPem,
    commandKey: key.publicJwk,
    enrolmentToken: await key.sign(ENROLMENT_TOKEN_TYPE, claims),
    expiresAt: nowIso7(expiresAt),
    ...(tag === null ? {} : { tag }),
  };
}

export interface PackageFile {
  readonly name: string;
  readonly content: string;
  readonly executable: boolean;
}

/** Tools offered for each operating system. */
export const PACKAGE_TOOLS: Readonly<Record<string, readonly string[]>> = { linux: ['script', 'json'] };

/** `json`: the bare package, for configuration management. `script`: the package and a script that onboards this machine with it. */
export function packageFiles(content: OnboardingPackage, tool: string): PackageFile[] {
  const json = { name: PACKAGE_FILE, content: `${JSON.stringify(content, null, 2)}\n`, executable: false };
  return tool === 'script'
    ? [json, { name: 'onboard.sh', content: ONBOARD_SCRIPT, executable: true }]
    : [json];
}

const ONBOARD_SCRIPT = `#!/bin/sh
# Onboards this machine with the ${PACKAGE_FILE} that lies beside this script. Run as root. Exit status: the agent's own.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
if [ "$(id -u)" -ne 0 ]; then
  echo "onboard.sh: run this as root" >&2
  exit 77
fi
if ! command -v merlon-agent >/dev/null 2>&1; then
  echo "onboard.sh: merlon-agent is not installed or not on the PATH" >&2
  exit 127
fi
exec merlon-agent onboard --package "$here/${PACKAGE_FILE}" "$@"
`;
