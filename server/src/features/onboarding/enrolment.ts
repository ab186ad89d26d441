/**
 * A device's first call. It shows the package's enrolment token (may join) and signs the request with its new key (holds the key). Enrolling
 * the same key again gives the same device id, so a lost answer can be asked for again.
 */
import {
  ApiError,
  DEVICE_PATHS,
  ENROLMENT_TOKEN_TYPE,
  EnrolmentClaims,
  EnrolRequest,
  EnrolResponse,
  isStorable,
  nowIso7,
} from '@merlon/contract';
import { Compile } from 'typebox/compile';
import { defineRoute, type Route } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Devices } from '../devices/index.ts';
import type { CommandKey } from './command-key.ts';

const requestValidator = Compile(EnrolRequest);
const claimsValidator = Compile(EnrolmentClaims);
const BODY_LIMIT = 64 * 1024;

export function enrolmentRoute(deps: {
  devices: Pick<Devices, 'enrol' | 'verifyNewKey'>;
  hasPackage(tenantId: string, packageId: string): Promise<boolean>;
  commandKey(): CommandKey;
  clock: Clock;
}): Route {
  return defineRoute({
    id: 'device.enrol',
    method: 'POST',
    path: DEVICE_PATHS.enrol,
    summary: 'Enrol a device that holds an onboarding package.',
    access: {
      kind: 'public',
      why: 'the enrolment token in the body and the signature of the new key authorise it',
    },
    audit: 'device.enrol',
    accepts: 'raw',
    bodyLimit: BODY_LIMIT,
    responses: { 200: EnrolResponse, 201: EnrolResponse },
    async handle(request) {
      const body = parse(request.rawBody);
      const now = deps.clock.now();
      await deps.devices.verifyNewKey(
        {
          method: request.method,
          path: DEVICE_PATHS.enrol,
          authorization: single(request.headers.authorization),
          body: request.rawBody,
        },
        body.publicKey,
      );
      const claims = await deps.commandKey().verify(ENROLMENT_TOKEN_TYPE, body.enrolmentToken);
      if (!claimsValidator.Check(claims)) {
        throw new ApiError('Unauthorized', 'The enrolment token is not one of this server.');
      }
      request.audit.as(claims.tid, { kind: 'device', id: '', name: body.device.computerName });
      request.audit.details({ packageId: claims.pkg });
      if (claims.exp * 1000 <= now.getTime()) {
        throw new ApiError(
          'Unauthorized',
          `The onboarding package expired at ${nowIso7(new Date(claims.exp * 1000))}.`,
        );
      }
      if (!(await deps.hasPackage(claims.tid, claims.pkg))) {
        throw new ApiError('Unauthorized', 'The onboarding package was withdrawn.');
      }
      const { deviceId, created } = await deps.devices.enrol({
        tenantId: claims.tid,
        packageId: claims.pkg,
        publicKey: body.publicKey,
        device: body.device,
        tag: claims.tag ?? null,
        externalIp: request.ip,
      });
      request.audit.target('machine', deviceId);
      return {
        status: created ? 201 : 200,
        body: { deviceId, tenantId: claims.tid, serverTime: nowIso7(now) },
      };
    },
  });
}

function parse(rawBody: Buffer): EnrolRequest {
  let value: unknown;
  try {
    value = JSON.parse(rawBody.toString('utf8'));
  } catch {
    throw new ApiError('InvalidRequestBody', 'The enrolment request is not JSON.');
  }
  if (!requestValidator.Check(value)) {
    const [first] = requestValidator.Errors(value);
    throw new ApiError(
      'InvalidRequestBody',
      `The enrolment request is malformed at ${first?.instancePath || '/'}.`,
    );
  }
  // The name is shown, logged and stored from here on.
  if (!isStorable(value)) {
    throw new ApiError(
      'InvalidRequestBody',
      'The enrolment request holds text with U+0000 or a lone surrogate.',
    );
  }
  return value;
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
