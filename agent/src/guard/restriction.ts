/** Whether only programs of the system's own packages may start. What is wanted is on disk before it is in force; only an order changes it. */
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { AgentError } from '../agent-error.ts';
import { readJson, writeJsonDurably } from '../files/durable.ts';
import { type PackageFiles, packageStamp, readPackageFiles, sha256Of } from './package-digests.ts';

const Wanted = Type.Object({
  restricted: Type.Boolean(),
  /** The order that asked for it. */
  orderId: Type.String(),
  since: Type.String(),
});
export type Wanted = Static<typeof Wanted>;

export const UNRESTRICTED: Wanted = { restricted: false, orderId: '', since: '' };

export class Restriction {
  readonly #file: string;
  #wanted: Wanted;
  #files: PackageFiles | null = null;
  #own: string | null = null;

  private constructor(file: string, wanted: Wanted) {
    this.#file = file;
    this.#wanted = wanted;
  }

  static async open(home: string): Promise<Restriction> {
    const file = join(home, 'restriction.json');
    return new Restriction(file, (await readJson(file, Wanted)) ?? UNRESTRICTED);
  }

  get wanted(): Wanted {
    return this.#wanted;
  }

  /** On disk when this resolves. */
  async want(wanted: Wanted): Promise<void> {
    await writeJsonDurably(this.#file, wanted);
    this.#wanted = wanted;
    if (!wanted.restricted) this.#files = null;
  }

  /** What may run; read anew when packages changed. Null: anything. @throws AgentError when it cannot be known. */
  async files(): Promise<PackageFiles | null> {
    if (!this.#wanted.restricted) return null;
    if (this.#files === null || this.#files.stamp !== (await packageStamp())) {
      // The agent's own program may come from no package.
      this.#own ??= await sha256Of('/proc/self/exe');
      this.#files = await readPackageFiles([this.#own]);
    }
    return this.#files;
  }

  /** Packages were installed or removed since their files were read. */
  async isStale(): Promise<boolean> {
    return this.#files !== null && this.#files.stamp !== (await packageStamp());
  }
}

/** Only an order takes it back: an offboarded device can get none, so offboarding a restricted one must be meant. */
export function refuseWhileRestricted(restricted: boolean, force: boolean): void {
  if (restricted && !force) {
    throw new AgentError(
      'execution is restricted on this device. Take that back from the server first: once offboarded it takes no order, and stays restricted. --force offboards it all the same',
    );
  }
}
