/**
 * A device's first call. It shows the package's enrolment token (may join) and signs the request with its new key (holds the key). Enrolling
 * the same key again gives the same device id, so a lost answer can be asked for again.
 */
import { ApiError, DEVICE_PATHS, EnrolRequest, EnrolResponse, isStorable, nowIso7 } from '@merlon/contract';
import { Compile } from 'typebox/compile';
import { defineRoute, type Reply, type Route, type RouteRequest } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Counter } from '../../telemetry/metrics.ts';
import type { Devices } from '../devices/index.ts';
import type { Admission } from './admission.ts';
import type { PackageTokens } from './package-token.ts';

const requestValidator = Compile(EnrolRequest);
/** Machines that it onboards are made anew at each start. */
const SINGLE_ENTRY_TOOL = 'vdi';
const BODY_LIMIT = 64 * 1024;

export function enrolmentRoute(deps: {
  devices: Pick<Devices, 'enrol' | 'verifyNewKey'>;
  tokens: Pick<PackageTokens, 'enrol'>;
  admission: Admission;
  clock: Clock;
  /** By `outcome`. */
  enrolments: Counter;
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
      const admitted = await deps.admission.run(() => enrol(request));
      if ('value' in admitted) return admitted.value;
      deps.enrolments.inc({ outcome: 'shed' });
      throw new ApiError('ServiceUnavailable', 'Too many devices enrol at this moment.', {
        retryAfterSeconds: admitted.retryAfterSeconds,
      });
    },
  });

  async function enrol(request: RouteRequest): Promise<Reply> {
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
    const { claims, tool } = await deps.tokens.enrol(body.enrolmentToken, ({ tid, pkg }) => {
      request.audit.as(tid, { kind: 'device', id: '', name: body.device.computerName });
      request.audit.details({ packageId: pkg });
    });
    const { deviceId, created } = await deps.devices.enrol({
      tenantId: claims.tid,
      packageId: claims.pkg,
      publicKey: body.publicKey,
      device: body.device,
      tag: claims.tag ?? null,
      externalIp: request.ip,
      oneRecordPerName: tool === SINGLE_ENTRY_TOOL,
      alongside(deviceId, db) {
        request.audit.target('machine', deviceId);
        return request.audit.recordIn(db);
      },
    });
    deps.enrolments.inc({ outcome: created ? 'created' : 'repeated' });
    return {
      status: created ? 201 : 200,
      body: { deviceId, tenantId: claims.tid, serverTime: nowIso7(now) },
    };
  }
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
