/** Asks the server to take this device's key, again and again with the same key until an answer settles it. */
import {
  DEVICE_PATHS,
  type DeviceDescription,
  type EnrolRequest,
  EnrolResponse,
  nowIso7,
} from '@merlon/contract';
import { AgentError } from '../agent-error.ts';
import type { AgentLog } from '../agent-log.ts';
import { check } from '../files/check.ts';
import { NetworkError } from '../server/network-error.ts';
import { errorInReply, type ServerLink, type ServerReply } from '../server/server-link.ts';
import { Backoff } from '../time/backoff.ts';
import type { DeviceKey } from './device-key.ts';

const ATTEMPTS = 5;

export interface EnrolmentRequest {
  /** A link that signs with the key under its thumbprint. */
  readonly link: ServerLink;
  readonly key: DeviceKey;
  readonly tenantId: string;
  readonly enrolmentToken: string;
  readonly device: DeviceDescription;
  readonly log: AgentLog;
  readonly backoff?: Backoff;
}

/** @throws AgentError naming the cause: server out of reach, wrong authority, package refused, clock. */
export async function enrol(request: EnrolmentRequest): Promise<EnrolResponse> {
  const { link, key, tenantId, enrolmentToken, device, log } = request;
  const backoff = request.backoff ?? new Backoff({ firstMs: 500, maxMs: 8000 });
  const content: EnrolRequest = { enrolmentToken, publicKey: key.publicJwk, device };
  const body = Buffer.from(JSON.stringify(content));
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await ask(link, body).catch((error: unknown) => {
      if (error instanceof NetworkError && error.passing) return error.message;
      throw error;
    });
    if (typeof outcome !== 'string') {
      const answer = check(EnrolResponse, outcome, "the server's enrolment answer");
      if (answer.tenantId !== tenantId) {
        throw new AgentError(`the server enrolled this device to tenant ${answer.tenantId}, not ${tenantId}`);
      }
      return answer;
    }
    if (attempt === ATTEMPTS) throw new AgentError(`${outcome} (tried ${ATTEMPTS} times)`);
    const waitMs = backoff.next();
    log.warn('enrolment did not go through, trying again', {
      problem: outcome,
      waitMs,
      at: nowIso7(new Date()),
    });
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

/** The answer's JSON, or the text of a problem that may pass. */
async function ask(link: ServerLink, body: Buffer): Promise<unknown> {
  const reply = await link.request({
    method: 'POST',
    path: DEVICE_PATHS.enrol,
    body,
    headers: { 'content-type': 'application/json' },
  });
  if (reply.status === 200 || reply.status === 201) return parseAnswer(reply);
  const { message, code } = errorInReply(reply);
  if (reply.status === 429 || reply.status >= 500) return `the server cannot enrol now: ${message}`;
  if (code === 'ClockSkew') {
    throw new AgentError(`the server refuses this device's clock, also after correction: ${message}`);
  }
  throw new AgentError(`the server refused to enrol this device (${reply.status} ${code}): ${message}`);
}

function parseAnswer(reply: ServerReply): object {
  try {
    return JSON.parse(reply.body.toString('utf8')) as object;
  } catch (error) {
    throw new AgentError('the enrolment answer is not JSON: is the address that of a Merlon server?', {
      cause: error,
    });
  }
}
