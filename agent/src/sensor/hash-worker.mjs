/**
 * Hashes open files off the agent's event loop. Takes `{ id, fd }`, closes the descriptor, answers `{ id, sha1, sha256, md5 }`, or `{ id, missing }`
 * with the reason. Plain JavaScript, so that it runs from the source folder and from the bundle alike.
 */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';

const chunk = Buffer.allocUnsafe(256 * 1024);

function stamp(fd) {
  const { size, mtimeNs, ctimeNs } = fstatSync(fd, { bigint: true });
  return `${size} ${mtimeNs} ${ctimeNs}`;
}

function hash(fd) {
  const before = stamp(fd);
  const sha1 = createHash('sha1');
  const sha256 = createHash('sha256');
  const md5 = createHash('md5');
  for (let at = 0; ; ) {
    const n = readSync(fd, chunk, 0, chunk.length, at);
    if (n === 0) break;
    at += n;
    const bytes = chunk.subarray(0, n);
    sha1.update(bytes);
    sha256.update(bytes);
    md5.update(bytes);
  }
  if (stamp(fd) !== before) return { missing: 'changed' };
  return { sha1: sha1.digest('hex'), sha256: sha256.digest('hex'), md5: md5.digest('hex') };
}

parentPort.on('message', ({ id, fd }) => {
  let answer;
  try {
    answer = hash(fd);
  } catch (error) {
    answer = { missing: error.code ?? String(error) };
  } finally {
    closeSync(fd);
  }
  parentPort.postMessage({ id, ...answer });
});
