/** The console sessions of an enrolment, joined to the parts of the agent that their commands need. */
import { join } from 'node:path';
import type { FromDevice } from '@merlon/contract';
import { AgentError } from '../../agent-error.ts';
import type { AgentLog } from '../../agent-log.ts';
import { fetchInput } from '../../channel/order-input.ts';
import { uploadResult } from '../../channel/result-upload.ts';
import type { Enrolled } from '../../identity/onboarding-state.ts';
import type { ServerClock } from '../../identity/server-clock.ts';
import type { Quarantine } from '../../responder/quarantine.ts';
import type { ServerLink } from '../../server/server-link.ts';
import { AGENT_VERSION } from '../../version.ts';
import { Consoles } from './console.ts';
import { InputVerifier } from './input-verifier.ts';

export function consolesOf(parts: {
  readonly home: string;
  readonly enrolled: Enrolled;
  readonly link: ServerLink;
  readonly clock: ServerClock;
  readonly quarantine: Pick<Quarantine, 'remediate' | 'restore' | 'list'>;
  readonly log: AgentLog;
  readonly say: (frame: FromDevice) => void;
}): Consoles {
  const { home, enrolled, link, clock, quarantine, log, say } = parts;
  return new Consoles({
    folder: join(home, 'live-response'),
    verifier: new InputVerifier(enrolled.server.commandKey, enrolled.deviceId, clock.now()),
    clock,
    log,
    say,
    tools: {
      deviceId: enrolled.deviceId,
      agentVersion: AGENT_VERSION,
      handIn: (sessionId, command, path, signal) =>
        uploadResult(link, sessionId, String(command), path, signal),
      fetch: (sessionId, file, signal) => fetchInput(link, sessionId, file, signal),
      quarantine: (value, path) =>
        quarantine.remediate(
          { algorithm: 'Sha256', value },
          { cause: 'live response', path, putAway: true, sparesRestored: false },
        ),
      async restore(path) {
        const entry = (await quarantine.list()).findLast(({ paths }) => paths.includes(path));
        if (!entry) throw new AgentError(`nothing was put away from ${path}`);
        return quarantine.restore({ params: { file: { algorithm: 'Sha256', value: entry.sha256 } } });
      },
    },
  });
}
