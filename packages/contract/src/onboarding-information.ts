/**
 * What onboarding and offboarding packages carry besides {@link OnboardingPackage}: the offboarding information, and what installers say of themselves before
 * the device has a key of its own. Each is authorised by the token of its package, so nothing here is a device's secret.
 */
import { type Static, Type } from 'typebox';

/** Path of both: the token of a package in `Authorization: Package <token>`. */
export const ONBOARDING_PATHS = {
  /** `GET` an agent that a package names by its SHA-256. */
  agent: '/device/v1/onboarding/agents/:sha256',
  /** `POST` a form: {@link InstallerReport}. */
  report: '/device/v1/onboarding/reports',
} as const;

export const PACKAGE_AUTH_SCHEME = 'Package';
export const OFFBOARDING_TOKEN_TYPE = 'merlon-offboarding+jwt';

const Guid = Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' });
const Seconds = Type.Integer({ minimum: 0, maximum: 253_402_300_799 });

/** Files of the agent that a package may fetch, by `<os>-<architecture>`, each with its SHA-256 in hex. */
export const AgentChecksums = Type.Record(
  Type.String({ pattern: '^[a-z0-9]{1,16}-[a-z0-9]{1,16}$' }),
  Type.String({ pattern: '^[0-9a-f]{64}$' }),
);
export type AgentChecksums = Static<typeof AgentChecksums>;

/** The file of an offboarding package: `merlon_offboard_valid_until_YYYY-MM-DD.json`. */
export const OffboardingPackage = Type.Object({
  kind: Type.Literal('merlon-offboarding'),
  version: Type.Literal(1),
  tenantId: Guid,
  packageId: Guid,
  /** JWS of {@link OffboardingClaims}, `typ` {@link OFFBOARDING_TOKEN_TYPE}, by the command key that the device pinned when it was onboarded. */
  offboardingToken: Type.String(),
  expiresAt: Type.String({ description: 'ISO 8601 UTC with Z, up to seven fraction digits.' }),
});
export type OffboardingPackage = Static<typeof OffboardingPackage>;

export const OffboardingClaims = Type.Object({ tid: Guid, pkg: Guid, iat: Seconds, exp: Seconds });
export type OffboardingClaims = Static<typeof OffboardingClaims>;

/** Where an installer stopped. `done` is the end of an offboarding; of an onboarding the enrolment itself tells. */
export const installerStages = [
  'privileges',
  'platform',
  'download',
  'checksum',
  'install',
  'service',
  'enrol',
  'offboard',
  'done',
] as const;

/** Sent as a form, since a script has no JSON writer. All of it is a claim by whoever holds the package. */
export const InstallerReport = Type.Object(
  {
    stage: Type.Enum([...installerStages]),
    /** Exit status of what failed; 0 for none. */
    code: Type.Integer({ minimum: 0, maximum: 4_294_967_295 }),
    /** The last words of what failed. */
    detail: Type.Optional(Type.String({ maxLength: 500 })),
    computerName: Type.String({ minLength: 1, maxLength: 255 }),
    os: Type.Optional(Type.String({ maxLength: 64 })),
  },
  { additionalProperties: false },
);
export type InstallerReport = Static<typeof InstallerReport>;
