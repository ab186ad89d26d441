/**
 * The heads of the chains outside the database: who may change the database alone cannot cut a trail short or write it anew unseen. One small file,
 * renamed into place.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { ChainHead } from './chain.ts';

export interface ChainHeads {
  of(tenantId: string): ChainHead | null;
  /** Keeps heads that are further than the known ones. */
  keep(heads: ReadonlyMap<string, ChainHead>): Promise<void>;
}

/** @throws Error when the file is there and cannot be read: to go on without it would be to trust the database alone. */
export async function openChainHeads(path: string): Promise<ChainHeads> {
  const known = await read(path);
  return {
    of: (tenantId) => known.get(tenantId) ?? null,
    async keep(heads) {
      for (const [tenantId, head] of heads)
        if (head.position > (known.get(tenantId)?.position ?? 0)) known.set(tenantId, head);
      await writeFile(`${path}.new`, `${JSON.stringify(Object.fromEntries(known), null, 1)}\n`, {
        mode: 0o600,
      });
      await rename(`${path}.new`, path);
    },
  };
}

async function read(path: string): Promise<Map<string, ChainHead>> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
    throw error;
  }
  const heads = new Map<string, ChainHead>();
  for (const [tenantId, head] of Object.entries(parsed(path, text))) {
    const { position, hash } = (head ?? {}) as Partial<ChainHead>;
    if (!Number.isSafeInteger(position) || typeof hash !== 'string') throw unreadable(path);
    heads.set(tenantId, { position: Number(position), hash });
  }
  return heads;
}

function parsed(path: string, text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === 'object') return value;
  } catch {
    // Said below.
  }
  throw unreadable(path);
}

function unreadable(path: string): Error {
  return new Error(`${path} does not hold the heads of the audit trail; move it away to start without them`);
}
