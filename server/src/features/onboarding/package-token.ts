/** Whoever shows the token of a package may do what it is for, while it is neither expired nor revoked. */
import {
  ApiError,
  ENROLMENT_TOKEN_TYPE,
  EnrolmentClaims,
  nowIso7,
  OFFBOARDING_TOKEN_TYPE,
  OffboardingClaims,
  PACKAGE_AUTH_SCHEME,
} from '@merlon/contract';
import { Compile } from 'typebox/compile';
import type { Clock } from '../../telemetry/clock.ts';
import type { Counter } from '../../telemetry/metrics.ts';
import type { CommandKey } from './command-key.ts';

const enrolmentValidator = Compile(EnrolmentClaims);
const offboardingValidator = Compile(OffboardingClaims);
const MAX_TOKEN_CHARS = 4_096;

/** Why a package does not count. */
export type PackageProblem = 'forged' | 'expired' | 'unknown' | 'revoked';

export interface PackageStanding {
  readonly revokedAt: Date | null;
  readonly tool: string;
}

export interface PackageTokenDeps {
  commandKey(): CommandKey;
  /** Of a package. Null: the tenant has none of that id. */
  standing(tenantId: string, packageId: string): Promise<PackageStanding | null>;
  readonly clock: Clock;
  /** Counts refusals by {@link PackageProblem}. */
  readonly refusals: Counter;
}

export function packageTokens(deps: PackageTokenDeps) {
  const refuse = (reason: PackageProblem, message: string): never => {
    deps.refusals.inc({ reason });
    throw new ApiError('Unauthorized', message);
  };
  /** @param told of whose package it is as soon as its signature says so, before it is refused for another reason. */
  const stands = async <C extends EnrolmentClaims | OffboardingClaims>(
    claims: C,
    told: (claims: C) => void,
  ): Promise<{ readonly claims: C; readonly tool: string }> => {
    told(claims);
    if (claims.exp * 1000 <= deps.clock.now().getTime())
      refuse('expired', `The package expired at ${nowIso7(new Date(claims.exp * 1000))}.`);
    const standing = await deps.standing(claims.tid, claims.pkg);
    if (standing === null) return refuse('unknown', 'The package is not one of this server.');
    if (standing.revokedAt !== null) refuse('revoked', 'The package was withdrawn.');
    return { claims, tool: standing.tool };
  };
  const enrolment = async (token: string): Promise<EnrolmentClaims | null> => {
    const claims = await deps.commandKey().verify(ENROLMENT_TOKEN_TYPE, token);
    return enrolmentValidator.Check(claims) ? claims : null;
  };
  return {
    /** @throws ApiError Unauthorized, naming what is wrong */
    async enrol(
      token: string,
      told: (claims: EnrolmentClaims) => void,
    ): Promise<{ readonly claims: EnrolmentClaims; readonly tool: string }> {
      const claims = await enrolment(token);
      return claims
        ? stands(claims, told)
        : refuse('forged', 'The enrolment token is not one of this server.');
    },

    /** Of either kind of package, from `Authorization: Package <token>`. @throws ApiError Unauthorized, naming what is wrong */
    async bearer(authorization: string | undefined): Promise<EnrolmentClaims | OffboardingClaims> {
      const [scheme, token = '', ...rest] = (authorization ?? '').split(' ');
      if (scheme?.toLowerCase() !== PACKAGE_AUTH_SCHEME.toLowerCase() || token === '' || rest.length > 0)
        throw new ApiError(
          'Unauthorized',
          'The token of a package is missing: send "Authorization: Package <token>".',
        );
      if (token.length > MAX_TOKEN_CHARS) return refuse('forged', 'The token of the package is too long.');
      const onboarding = await enrolment(token);
      if (onboarding) return (await stands(onboarding, () => {})).claims;
      const offboarding = await deps.commandKey().verify(OFFBOARDING_TOKEN_TYPE, token);
      return offboardingValidator.Check(offboarding)
        ? (await stands(offboarding, () => {})).claims
        : refuse('forged', 'The token of the package is not one of this server.');
    },
  };
}

export type PackageTokens = ReturnType<typeof packageTokens>;
