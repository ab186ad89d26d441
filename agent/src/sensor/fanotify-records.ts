/** Decodes what read(2) gives of a fanotify group made with FAN_REPORT_DFID_NAME, with or without FAN_REPORT_TARGET_FID. Layouts: linux/fanotify.h. */

export const FAN = {
  closeWrite: 0x8,
  movedFrom: 0x40,
  movedTo: 0x80,
  create: 0x100,
  delete: 0x200,
  overflow: 0x4000,
  rename: 0x10000000,
  onDirectory: 0x40000000,
} as const;

/** A directory, by handle, and a name in it. */
export interface DirectoryEntry {
  /** Superblock the handle belongs to, as hex of statfs's f_fsid. */
  fsid: string;
  /** struct file_handle, header included, as open_by_handle_at(2) takes it. A view into the read buffer. */
  handle: Buffer;
  name: string;
}

export interface FanotifyEvent {
  mask: number;
  /** 0 when the process is not visible from the reader's pid namespace. */
  pid: number;
  entry: DirectoryEntry | null;
  /** Before a rename. */
  oldEntry: DirectoryEntry | null;
  /** Handle of the file or folder itself, where the kernel tells it. */
  target: Buffer | null;
}

const METADATA_BYTES = 24;
const METADATA_VERSION = 3;
const INFO = { fid: 1, dfidName: 2, oldDfidName: 10, newDfidName: 12 } as const;
/** Info header 4, fsid 8, handle header 8. */
const HANDLE_AT = 12;
const HANDLE_HEADER = 8;

function directoryEntry(b: Buffer, at: number, end: number): DirectoryEntry | null {
  if (at + HANDLE_AT + HANDLE_HEADER > end) return null;
  const handleBytes = b.readUInt32LE(at + HANDLE_AT);
  const nameAt = at + HANDLE_AT + HANDLE_HEADER + handleBytes;
  if (nameAt >= end) return null;
  const nul = b.indexOf(0, nameAt);
  if (nul < 0 || nul >= end) return null;
  return {
    fsid: b.toString('hex', at + 4, at + 12),
    handle: b.subarray(at + HANDLE_AT, nameAt),
    name: b.toString('utf8', nameAt, nul),
  };
}

function targetHandle(b: Buffer, at: number, end: number): Buffer | null {
  if (at + HANDLE_AT + HANDLE_HEADER > end) return null;
  const handleEnd = at + HANDLE_AT + HANDLE_HEADER + b.readUInt32LE(at + HANDLE_AT);
  return handleEnd <= end ? b.subarray(at + HANDLE_AT, handleEnd) : null;
}

/** Calls `take` for each event in the first `length` bytes. @returns events that could not be read (0 on a healthy kernel). */
export function decodeFanotify(b: Buffer, length: number, take: (event: FanotifyEvent) => void): number {
  let at = 0;
  const end = Math.min(length, b.length);
  while (at + METADATA_BYTES <= end) {
    const size = b.readUInt32LE(at);
    const header = b.readUInt16LE(at + 6);
    if (b[at + 4] !== METADATA_VERSION || size < METADATA_BYTES || header < METADATA_BYTES || at + size > end)
      return 1;
    const event: FanotifyEvent = {
      mask: b.readUInt32LE(at + 8),
      pid: b.readInt32LE(at + 20),
      entry: null,
      oldEntry: null,
      target: null,
    };
    let info = at + header;
    while (info + 4 <= at + size) {
      const infoSize = b.readUInt16LE(info + 2);
      if (infoSize < 4 || info + infoSize > at + size) break;
      const entry = (): DirectoryEntry | null => directoryEntry(b, info, info + infoSize);
      switch (b[info]) {
        case INFO.dfidName:
        case INFO.newDfidName:
          event.entry = entry();
          break;
        case INFO.oldDfidName:
          event.oldEntry = entry();
          break;
        case INFO.fid:
          event.target = targetHandle(b, info, info + infoSize);
          break;
        default:
          break;
      }
      info += infoSize;
    }
    take(event);
    at += size;
  }
  return at === end ? 0 : 1;
}
