import { ZipFile } from 'yazl';
import { type ArchiveFile, inOrder } from './archive-file.ts';

/** yazl writes the time as the local clock has it, so it is made of local parts: every machine writes the same bytes. */
const ENTRY_TIME = new Date(1980, 0, 1);
const REGULAR_FILE = 0o100000;

export async function zipArchive(files: readonly ArchiveFile[]): Promise<Buffer> {
  const zip = new ZipFile();
  for (const { path, content, mode } of inOrder(files))
    zip.addBuffer(content, path, {
      mtime: ENTRY_TIME,
      mode: REGULAR_FILE | mode,
      // The other form of time in a zip is of the time zone of whoever writes it.
      forceDosTimestamp: true,
    });
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks);
}
