/**
 * One agent for one state folder: a name in the kernel's abstract socket space, which vanishes with its process however that ends, so there is no
 * stale lock to judge. Abstract names belong to a network namespace; within one there can be no two.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { AgentError, codeOf } from '../agent-error.ts';

export type Role = 'daemon' | 'onboarding';

/** Resolves to the release. @throws AgentError when another process has it. */
export function takeExclusive(home: string, role: Role): Promise<() => Promise<void>> {
  const digest = createHash('sha256').update(home).digest('hex').slice(0, 32);
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        codeOf(error) === 'EADDRINUSE'
          ? new AgentError(
              role === 'daemon'
                ? `another merlon-agent runs with the state folder ${home}`
                : `another merlon-agent command is changing the onboarding of ${home}`,
              { cause: error },
            )
          : error,
      ),
    );
    server.listen({ path: `\0merlon-agent/${role}/${digest}` }, () => {
      // The lock alone keeps no process alive.
      server.unref();
      resolve(() => new Promise((done) => server.close(() => done())));
    });
  });
}
