/** Copies a file aside, so that what is handed in does not change meanwhile. */
import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AgentError } from '../agent-error.ts';
import { openPlainFile } from './plain-file.ts';
import { requireSpace } from './put-file.ts';

const CHUNK_BYTES = 1024 * 1024;

export interface CopiedFile {
  /** Without links on the way. */
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}

/** @throws AgentError when it is no plain file or too large; the reason of `signal` */
export async function copyAside(
  source: string,
  target: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<CopiedFile> {
  const { path, handle, stats } = await openPlainFile(source);
  try {
    if (stats.size > maxBytes) throw tooLarge(source, stats.size, maxBytes);
    await requireSpace(dirname(target), stats.size);
    await rm(target, { force: true });
    const copy = await open(target, 'wx', 0o600);
    try {
      const hash = createHash('sha256');
      const chunk = Buffer.alloc(CHUNK_BYTES);
      let size = 0;
      for (;;) {
        signal.throwIfAborted();
        const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, size);
        if (bytesRead === 0) break;
        size += bytesRead;
        // It may grow while it is read, without end.
        if (size > maxBytes) throw tooLarge(source, size, maxBytes);
        hash.update(chunk.subarray(0, bytesRead));
        await copy.write(chunk, 0, bytesRead);
      }
      return { path, size, sha256: hash.digest('hex') };
    } finally {
      await copy.close();
    }
  } finally {
    await handle.close();
  }
}

function tooLarge(path: string, size: number, maxBytes: number): AgentError {
  return new AgentError(`${path} has ${size} bytes, and at most ${maxBytes} are taken`);
}
