/** The agents that this server hands out: what `npm run build:agent` made, by platform, each under its SHA-256. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { AgentChecksums } from '@merlon/contract';

export interface AgentFile {
  /** `linux-x64` */
  readonly platform: string;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

const NAME = /^merlon-agent-([a-z0-9]+-[a-z0-9]+)(?:\.exe)?$/;

/** Each file is read again only when it changed. A folder that is not there holds none. */
export function agentFiles(folder: string) {
  const known = new Map<string, AgentFile & { readonly changed: number }>();
  const list = async (): Promise<AgentFile[]> => {
    const names = await readdir(folder).catch(() => []);
    const found: AgentFile[] = [];
    for (const name of names.toSorted()) {
      const platform = NAME.exec(name)?.[1];
      if (platform === undefined) continue;
      const path = join(folder, name);
      const { size, mtimeMs } = await stat(path);
      const before = known.get(path);
      const file =
        before?.changed === mtimeMs && before.bytes === size
          ? before
          : { platform, path, sha256: await sha256Of(path), bytes: size, changed: mtimeMs };
      known.set(path, file);
      found.push(file);
    }
    return found;
  };
  return {
    async checksums(): Promise<AgentChecksums> {
      return Object.fromEntries((await list()).map(({ platform, sha256 }) => [platform, sha256]));
    },
    async find(sha256: string): Promise<AgentFile | null> {
      return (await list()).find((file) => file.sha256 === sha256) ?? null;
    },
  };
}

export type AgentFiles = ReturnType<typeof agentFiles>;

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
