/** Files that are whole or absent after a crash, and on the disk when the promise resolves. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Static, TSchema } from 'typebox';
import { AgentError, codeOf, messageOf } from '../agent-error.ts';
import { check } from './check.ts';

/** Marks a file that was being written; whoever opens the folder may remove those. */
export const PARTIAL_SUFFIX = '.partial';

/** Replaces the file in one step. Mode 0600 unless told otherwise. */
export async function writeDurably(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const partial = `${path}.${randomBytes(4).toString('hex')}${PARTIAL_SUFFIX}`;
  try {
    const file = await open(partial, 'wx', mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

export function writeJsonDurably(path: string, value: unknown): Promise<void> {
  return writeDurably(path, `${JSON.stringify(value, null, 2)}\n`);
}

export async function removeDurably(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await syncFolder(dirname(path));
}

/** A new name in a folder survives a power cut only once the folder itself is synced. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Null when there is no such file. @throws AgentError when it is not of the schema. */
export async function readJson<T extends TSchema>(path: string, schema: T): Promise<Static<T> | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AgentError(`${path} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  return check(schema, value, path);
}

export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}
