/** Packs a folder into a zip, and says what it became. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';

export interface Archive {
  readonly bytes: number;
  readonly sha256: string;
}

/** @throws Error when it grows over `maxBytes`; what was written then stays for the caller to remove. */
export async function packFolder(
  folder: string,
  to: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Archive> {
  const zip = new ZipFile();
  const hash = createHash('sha256');
  let bytes = 0;
  const meter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.byteLength;
      hash.update(chunk);
      if (bytes > maxBytes) done(new Error(`the package would be larger than the ${maxBytes} bytes allowed`));
      else done(null, chunk);
    },
  });
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    // Only what the collector wrote lies here: files of ours, with the times at which they were written.
    if (entry.isFile()) zip.addFile(path, relative(folder, path));
  }
  const failed = new Promise<never>((_, reject) => {
    (zip as unknown as NodeJS.EventEmitter).once('error', reject);
  });
  zip.end();
  await Promise.race([
    pipeline(zip.outputStream, meter, createWriteStream(to, { mode: 0o600, flags: 'w' }), { signal }),
    failed,
  ]);
  return { bytes, sha256: hash.digest('hex') };
}
