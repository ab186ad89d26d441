/**
 * Hashes open files off the agent's event loop. Takes `{ id, fd }`, closes the descriptor, answers `{ id, sha1, sha256, md5 }`, or `{ id, missing }`
 * with the reason. Plain JavaScript, so that it runs from the source folder and from the bundle alike.
 */
import { closeSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { HashingFile } from './hash-file.mjs';

function hash(fd) {
  const file = new HashingFile(fd);
  for (;;) {
    const answer = file.step();
    if (answer !== null) return answer;
  }
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
