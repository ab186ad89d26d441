/** Puts content in a folder under a plain name, whole or not at all. */

import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '../agent-error.ts';
import { makePrivateFolder, writeDurably } from '../files/durable.ts';

/** Left free on the disk for what the device itself needs. */
const SPARE_BYTES = 64 * 1024 * 1024;

/** Replaces a file of that name. Answers its path. @throws AgentError */
export async function putFile(
  folder: string,
  fileName: string,
  content: Buffer,
  mode = 0o600,
): Promise<string> {
  requirePlainName(fileName);
  await makePrivateFolder(folder);
  await requireSpace(folder, content.length);
  const path = join(folder, fileName);
  await writeDurably(path, content, mode);
  return path;
}

/** The order's own form says so already, but for the two names that every folder has. @throws AgentError */
export function requirePlainName(name: string): void {
  if (name === '' || name === '.' || name === '..' || /[/\\\0]/.test(name))
    throw new AgentError(`${JSON.stringify(name)} is not a file name`);
}

/** @throws AgentError when so much would fill the disk */
export async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < bytes + SPARE_BYTES)
    throw new AgentError(`there is no space for ${bytes} bytes: ${bavail * bsize} are free`);
}
