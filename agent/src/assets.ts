/**
 * The files that come with the agent beside its code: where they are, however the agent was built.
 *
 *   sources     agent/src/…, agent/native/…
 *   bundle      beside the bundle in agent/dist, and agent/native
 *   executable  inside the file itself (Node's single executable application); unpacked to disk by `unpackAssets`, since neither the kernel's
 *               loader of shared objects nor a worker thread takes a file from memory
 */
import { createHash } from 'node:crypto';
import { chmod, lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getAsset, isSea } from 'node:sea';
import { AgentError, codeOf, messageOf } from './agent-error.ts';
import { type AssetName, useUnpackedAssets } from './asset-places.ts';
import { makePrivateFolder, removeDurably, writeDurably } from './files/durable.ts';

/** Names of the assets inside the executable, as a JSON list: an asset's own name cannot be asked for. */
const LIST = 'assets.json';

/**
 * Puts the executable's assets below the folder, which is the agent's alone, in one named by their content; what another version left there goes.
 * Nothing happens in the other builds. Of the daemon only, which is the only one of its folder. @throws AgentError with the reason.
 */
export async function unpackAssets(folder: string): Promise<void> {
  if (!isSea()) return;
  const names = JSON.parse(getAsset(LIST, 'utf8')) as AssetName[];
  try {
    useUnpackedAssets(
      await unpack(folder, new Map(names.map((name) => [name, Buffer.from(getAsset(name))]))),
    );
  } catch (error) {
    throw new AgentError(`the agent's own files cannot be unpacked to ${folder}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Returns the folder in which the files now lie, whole and unchanged. */
export async function unpack(parent: string, assets: ReadonlyMap<string, Buffer>): Promise<string> {
  const folder = join(parent, contentName(assets));
  for (const path of [parent, folder]) {
    await makePrivateFolder(path);
    await takePossession(path);
  }
  for (const [name, content] of assets) {
    const path = join(folder, name);
    if (!(await holds(path, content))) {
      await removeDurably(path);
      await writeDurably(path, content);
    }
  }
  for (const other of await readdir(parent))
    if (join(parent, other) !== folder) await removeDurably(join(parent, other));
  return folder;
}

function contentName(assets: ReadonlyMap<string, Buffer>): string {
  const hash = createHash('sha256');
  for (const [name, content] of assets) hash.update(`${name}\0${content.byteLength}\0`).update(content);
  return hash.digest('hex').slice(0, 32);
}

/** What is executed from here must be nobody else's to change. */
async function takePossession(path: string): Promise<void> {
  const found = await lstat(path);
  if (!found.isDirectory()) throw new Error(`${path} is not a folder`);
  if (found.uid !== process.getuid?.()) throw new Error(`${path} belongs to user ${found.uid}`);
  await chmod(path, 0o700);
}

async function holds(path: string, content: Buffer): Promise<boolean> {
  try {
    return (await lstat(path)).isFile() && (await readFile(path)).equals(content);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
