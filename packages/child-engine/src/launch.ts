/** How an engine's command line is wrapped so that it runs as its user, gains nothing by running, and dies with us. */
import { existsSync } from 'node:fs';
import type { EngineUser } from './engine-user.ts';

export type DeathSignal = 'KILL' | 'QUIT' | 'TERM' | 'INT';

export interface Identity {
  /** Null: as ourselves. */
  readonly user: EngineUser | null;
  /** Lets the child pass and read what its user may not (CAP_DAC_READ_SEARCH): for a folder that lies under another's private one. */
  readonly passFolders?: boolean;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** For `spawn`, where nothing in the command line changes the user. */
  readonly uid?: number;
  readonly gid?: number;
}

/** `setpriv` of util-linux: on every Linux distribution that is not BusyBox alone. */
export const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path)) ?? null;

/**
 * @param deathSignal what the kernel sends the child when we die; null for a child that lives no longer than the call that starts it.
 * @throws when the child would need a right that only `setpriv` can hand on and there is none.
 */
export function launchAs(
  command: string,
  args: readonly string[],
  { user, passFolders }: Identity,
  deathSignal: DeathSignal | null,
  setpriv: string | null = SETPRIV,
): Launch {
  if (!setpriv) {
    if (user && passFolders)
      throw new Error(
        `${command} has to run as "${user.name}" below a folder that this user may not pass, which needs setpriv (util-linux). ` +
          'Install it, or put MERLON_HOME and the program where every user may look.',
      );
    return user ? { command, args, uid: user.uid, gid: user.gid } : { command, args };
  }
  const rights =
    user && passFolders ? ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'] : [];
  const identity = user ? [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups', ...rights] : [];
  const death = deathSignal ? [`--pdeathsig=${deathSignal}`] : [];
  return { command: setpriv, args: [...identity, '--no-new-privs', ...death, '--', command, ...args] };
}
