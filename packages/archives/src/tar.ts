/** POSIX.1-1988 ustar. */
import { type ArchiveFile, ENTRY_TIME_S, foldersOf, inOrder } from './archive-file.ts';

const BLOCK = 512;
const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 6],
  version: [263, 2],
  user: [265, 32],
  group: [297, 32],
  prefix: [345, 155],
} as const;

/** @param prefix put before every path, as `./` of Debian's packages. @throws Error for a path that ustar cannot hold */
export function tarArchive(files: readonly ArchiveFile[], prefix = ''): Buffer {
  const parts: Buffer[] = [];
  for (const folder of foldersOf(files))
    parts.push(header(`${prefix}${folder}/`, { type: '5', mode: 0o755, size: 0 }));
  for (const { path, content, mode } of inOrder(files)) {
    parts.push(header(prefix + path, { type: '0', mode, size: content.length }), content);
    parts.push(Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK));
  }
  parts.push(Buffer.alloc(2 * BLOCK));
  return Buffer.concat(parts);
}

function header(path: string, entry: { type: '0' | '5'; mode: number; size: number }): Buffer {
  const block = Buffer.alloc(BLOCK);
  const put = ([at, length]: readonly [number, number], text: string) =>
    block.write(text.slice(0, length), at, 'utf8');
  const octal = (field: readonly [number, number], value: number) =>
    put(field, `${value.toString(8).padStart(field[1] - 1, '0')}\0`);
  const [name, folder] = split(path);
  put(FIELD.name, name);
  put(FIELD.prefix, folder);
  octal(FIELD.mode, entry.mode);
  octal(FIELD.uid, 0);
  octal(FIELD.gid, 0);
  octal(FIELD.size, entry.size);
  octal(FIELD.mtime, ENTRY_TIME_S);
  put(FIELD.type, entry.type);
  put(FIELD.magic, 'ustar\0');
  put(FIELD.version, '00');
  put(FIELD.user, 'root');
  put(FIELD.group, 'root');
  put(FIELD.checksum, ' '.repeat(8));
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(FIELD.checksum, `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

/** A long path is cut at a `/` into a name of up to 100 and a prefix of up to 155 bytes. */
function split(path: string): [name: string, prefix: string] {
  if (Buffer.byteLength(path) <= FIELD.name[1]) return [path, ''];
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (
      name !== '' &&
      Buffer.byteLength(name) <= FIELD.name[1] &&
      Buffer.byteLength(prefix) <= FIELD.prefix[1]
    )
      return [name, prefix];
  }
  throw new Error(`too long a path for a tar: ${path}`);
}
