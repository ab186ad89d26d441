/** A fact about the running kernel that outlives the agent, but not the boot. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';

export interface BootMark {
  is(): boolean;
  set(on: boolean): void;
}

export function bootMark(path: string, bootId: string): BootMark {
  return {
    is: () => {
      try {
        return readFileSync(path, 'utf8') === bootId;
      } catch {
        return false;
      }
    },
    set: (on) => (on ? writeFileSync(path, bootId, { mode: 0o600 }) : rmSync(path, { force: true })),
  };
}
