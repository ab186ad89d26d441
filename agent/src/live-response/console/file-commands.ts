/** Commands about files and folders. */
import { createHash } from 'node:crypto';
import { lstat, opendir, rm } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type LiveCommandName, splitWords } from '@merlon/contract';
import { AgentError, codeOf } from '../../agent-error.ts';
import { makePrivateFolder } from '../../files/durable.ts';
import { IdNames } from '../../sensor/accounts.ts';
import { filesFolder } from '../batch.ts';
import { copyAside } from '../get-file.ts';
import { mountOf, readMounts } from '../mounts.ts';
import { holdsFiles, openPlainFile, realPath } from '../plain-file.ts';
import { putFile } from '../put-file.ts';
import { runScript } from '../run-script.ts';
import type { CommandContext, CommandHandler } from './commands.ts';

const GET_FILE_BYTES = 512 * 1024 * 1024;
const SCRIPT_SECONDS = 600;
const SCRIPT_KEPT_BYTES = 2 * 1024 * 1024;
/** Entries of folders that one command looks at. */
const MAX_ENTRIES = 1_000_000;
const MAX_FOUND = 10_000;
const MAX_DEPTH = 64;

export const fileCommands = {
  async cd({ line, session, output }) {
    const wanted = line.words[0];
    if (wanted !== undefined) {
      const { path, stats } = await realPath(resolve(session.cwd, wanted));
      if (!stats.isDirectory()) throw new AgentError(`${wanted} is not a folder`);
      session.cwd = path;
    }
    await output.line(session.cwd);
    return undefined;
  },

  async dir({ line, session, output, signal }) {
    const { path, stats } = await realPath(resolve(session.cwd, line.words[0] ?? '.'));
    const users = new IdNames('/etc/passwd');
    const row = async (at: string, name: string) => {
      const found = await lstat(at);
      return {
        type: found.isDirectory()
          ? 'folder'
          : found.isSymbolicLink()
            ? 'link'
            : found.isFile()
              ? 'file'
              : 'other',
        mode: (found.mode & 0o7777).toString(8).padStart(4, '0'),
        owner: users.find(found.uid, 0) ?? String(found.uid),
        bytes: found.size,
        changed: found.mtime.toISOString(),
        name,
      };
    };
    if (!stats.isDirectory()) {
      await output.rows([await row(path, basename(path))]);
      return undefined;
    }
    const rows = [];
    for await (const entry of await opendir(path)) {
      signal.throwIfAborted();
      if (rows.length >= MAX_FOUND) {
        output.write(`[only the first ${MAX_FOUND} entries are listed]\n`, 'err');
        break;
      }
      // One that is gone by now is not there.
      const found = await row(join(path, entry.name), entry.name).catch(() => null);
      if (found) rows.push(found);
    }
    await output.rows(rows.sort((a, b) => (a.name < b.name ? -1 : 1)));
    return undefined;
  },

  async fileinfo({ line, session, output, signal }) {
    const { path, handle, stats } = await openPlainFile(resolve(session.cwd, line.words[0] ?? ''));
    try {
      const hashes = ['md5', 'sha1', 'sha256'].map((name) => [name, createHash(name)] as const);
      for await (const chunk of handle.createReadStream({
        autoClose: false,
        signal,
        highWaterMark: 1024 * 1024,
      }))
        for (const [, hash] of hashes) hash.update(chunk as Buffer);
      await output.rows([
        {
          path,
          bytes: stats.size,
          mode: (stats.mode & 0o7777).toString(8).padStart(4, '0'),
          owner: new IdNames('/etc/passwd').find(stats.uid, 0) ?? String(stats.uid),
          links: stats.nlink,
          changed: stats.mtime.toISOString(),
          attributesChanged: stats.ctime.toISOString(),
          read: stats.atime.toISOString(),
          ...Object.fromEntries(hashes.map(([name, hash]) => [name, hash.digest('hex')])),
        },
      ]);
    } finally {
      await handle.close();
    }
    return undefined;
  },

  async findfile({ line, session, output, signal }) {
    const [name = '', folder = '.'] = line.words;
    const wanted = pattern(name);
    const { path } = await realPath(resolve(session.cwd, folder));
    const found: { path: string }[] = [];
    for await (const file of walk([path], signal)) {
      if (!wanted.test(basename(file))) continue;
      found.push({ path: file });
      if (found.length >= MAX_FOUND) break;
    }
    await output.rows(found);
    return undefined;
  },

  async getfile(context) {
    const { line, session, signal, tools, sessionId, input, output, folder } = context;
    const source = resolve(session.cwd, line.words[0] ?? '');
    const aside = join(folder, 'console', `${sessionId}-${input.seq}`);
    await makePrivateFolder(join(folder, 'console'));
    try {
      const copied = await copyAside(source, aside, GET_FILE_BYTES, signal);
      await tools.handIn(sessionId, input.seq, aside, signal);
      await output.rows([{ ...copied }]);
    } finally {
      await rm(aside, { force: true });
    }
    return { fileName: basename(source) };
  },

  async putfile(context) {
    const { line, folder, output } = context;
    const content = await libraryFile(context);
    const { fileName, sha256 } = named(context);
    const target = join(filesFolder(folder), fileName);
    if (!line.flags.includes('overwrite') && (await isThere(target)))
      throw new AgentError(`${target} is there already: -overwrite replaces it`);
    const path = await putFile(filesFolder(folder), fileName, content);
    await output.rows([{ path, size: content.length, sha256 }]);
    return undefined;
  },

  async run(context) {
    const { line, folder, output, signal, sessionId, input } = context;
    const args = splitWords(line.options.parameters ?? '');
    const content = await libraryFile(context);
    const name = `${sessionId}-${input.seq}`;
    const own = join(folder, 'console', name);
    await makePrivateFolder(own);
    await makePrivateFolder(filesFolder(folder));
    try {
      const file = await putFile(own, named(context).fileName, content, 0o700);
      const outcome = await runScript({
        name,
        file,
        args,
        folder: filesFolder(folder),
        timeoutSeconds: SCRIPT_SECONDS,
        keepBytes: SCRIPT_KEPT_BYTES,
        signal,
        heard: (stream, text) => output.write(text, stream),
      });
      const dropped = outcome.out.droppedBytes + outcome.err.droppedBytes;
      if (dropped > 0) output.write(`[${dropped} more bytes were not kept]\n`, 'err');
      output.write(`[exit code ${outcome.exitCode}]\n`, 'err');
      if (outcome.timedOut)
        throw new AgentError(
          `the script did not end within ${SCRIPT_SECONDS} s; it and all it started were ended`,
        );
    } finally {
      await rm(own, { recursive: true, force: true });
    }
    return undefined;
  },
} as const satisfies Partial<Record<LiveCommandName, CommandHandler>>;

/** Files below, or the paths themselves where they are files. Links are named and not followed, and other file systems that only look like one are left out. */
export async function listFiles(paths: readonly string[], signal: AbortSignal): Promise<string[]> {
  const found: string[] = [];
  for await (const file of walk(paths, signal)) {
    found.push(file);
    if (found.length >= MAX_FOUND) break;
  }
  return found;
}

async function* walk(paths: readonly string[], signal: AbortSignal): AsyncGenerator<string> {
  let looked = 0;
  const mounts = await readMounts();
  const ahead = paths.map((path) => ({ path, depth: 0 }));
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    signal.throwIfAborted();
    const { path, depth } = next;
    // What is mounted there may be of the kind that never answers.
    if (!holdsFiles(mountOf(path, mounts)?.type ?? '')) continue;
    let stats: Awaited<ReturnType<typeof lstat>>;
    try {
      stats = depth === 0 ? (await realPath(path)).stats : await lstat(path);
    } catch {
      // Gone meanwhile, a link, or on a file system that is not looked at.
      continue;
    }
    if (!stats.isDirectory()) {
      yield path;
      continue;
    }
    if (depth >= MAX_DEPTH) continue;
    try {
      for await (const entry of await opendir(path)) {
        if (++looked > MAX_ENTRIES)
          throw new AgentError(`more than ${MAX_ENTRIES} entries: name a smaller folder`);
        ahead.push({ path: join(path, entry.name), depth: depth + 1 });
      }
    } catch (error) {
      if (error instanceof AgentError && looked > MAX_ENTRIES) throw error;
      if (error instanceof AgentError || codeOf(error) !== '') continue;
      throw error;
    }
  }
}

function pattern(name: string): RegExp {
  const source = name
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'is');
}

function named({ input }: CommandContext) {
  if (!input.file) throw new AgentError('the server named no file of the library');
  return input.file;
}

function libraryFile(context: CommandContext): Promise<Buffer> {
  return context.tools.fetch(context.sessionId, named(context), context.signal);
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
