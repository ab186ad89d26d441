/**
 * Scans files with YARA rules off the agent's event loop, and at the lowest priority. `workerData`: `{ wasm, sources: [{ id, text }], fileMs, maxBytes }`. Says first
 * `{ ready, refused: [{ id, reason }] }`. Then takes `{ id, path, link }` and answers `{ id, matches, hashes, bytes }` or `{ id, skipped }` with the reason. Plain
 * JavaScript, so that it runs from the source folder and from the bundle alike.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { constants as osConstants, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { Compiler, initSync } from '@virustotal/yara-x';

const { wasm, sources, fileMs, maxBytes } = workerData;

try {
  // On Linux, 0 is the calling thread.
  setPriority(0, osConstants.priority.PRIORITY_LOW);
} catch {
  // A scan that is not slowed down is a scan all the same.
}

initSync({ module: readFileSync(wasm) });
const { scanner, refused } = compile();
parentPort.postMessage({ ready: true, refused });

/** A source that does not compile must not take the others with it. */
function compile() {
  const good = [];
  const bad = [];
  for (const source of sources) {
    try {
      build([source]).free();
      good.push(source);
    } catch (error) {
      bad.push({ id: source.id, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  const made = build(good).scanner();
  made.setTimeoutMs(fileMs);
  made.setMaxMatchesPerPattern(1);
  return { scanner: made, refused: bad };
}

function build(those) {
  const compiler = new Compiler();
  try {
    for (const { id, text } of those) {
      compiler.newNamespace(id);
      compiler.addSource(text);
    }
    return compiler.build();
  } finally {
    compiler.free();
  }
}

function read(path, link) {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (link ? 0 : constants.O_NOFOLLOW);
  const fd = openSync(path, flags);
  try {
    const found = fstatSync(fd);
    if (!found.isFile()) return { skipped: 'notAFile' };
    if (found.size > maxBytes) return { skipped: 'tooLarge' };
    const bytes = Buffer.allocUnsafe(found.size);
    let at = 0;
    while (at < bytes.length) {
      const n = readSync(fd, bytes, at, bytes.length - at, at);
      if (n === 0) break;
      at += n;
    }
    return { bytes: bytes.subarray(0, at) };
  } finally {
    closeSync(fd);
  }
}

function scan(path, link) {
  const { bytes, skipped } = read(path, link);
  if (skipped) return { skipped };
  let result;
  try {
    result = scanner.scan(bytes);
  } catch (error) {
    return { skipped: /timeout/i.test(String(error)) ? 'timeout' : 'engine' };
  }
  const matches = result.matches
    .filter(({ isPrivate }) => !isPrivate)
    .map(({ identifier, namespace, tags }) => ({ rule: identifier, source: namespace, tags }));
  if (matches.length === 0) return { matches, hashes: null, bytes: bytes.length };
  const of = (algorithm) => createHash(algorithm).update(bytes).digest('hex');
  return { matches, hashes: { sha1: of('sha1'), sha256: of('sha256'), md5: of('md5') }, bytes: bytes.length };
}

parentPort.on('message', ({ id, path, link }) => {
  let answer;
  try {
    answer = scan(path, link);
  } catch (error) {
    answer = { skipped: error.code ?? 'engine' };
  }
  parentPort.postMessage({ id, ...answer });
});
