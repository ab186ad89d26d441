/** What tells a file's content from another's without reading it. Pure. */
import type { BigIntStats } from 'node:fs';
import type { FileIdentity } from './bpf-records.ts';

export type { FileIdentity } from './bpf-records.ts';

export function identityOf(s: BigIntStats): FileIdentity {
  return {
    device: kernelDevice(s.dev),
    inode: Number(s.ino),
    size: Number(s.size),
    mtimeSec: Number(s.mtimeNs / 1_000_000_000n),
    mtimeNsec: Number(s.mtimeNs % 1_000_000_000n),
    ctimeSec: Number(s.ctimeNs / 1_000_000_000n),
    ctimeNsec: Number(s.ctimeNs % 1_000_000_000n),
  };
}

export function fileKey(f: FileIdentity): string {
  return `${f.device}:${f.inode}:${f.size}:${f.mtimeSec}.${f.mtimeNsec}:${f.ctimeSec}.${f.ctimeNsec}`;
}

/** stat(2)'s device number as the kernel keeps it: major << 20 | minor. */
function kernelDevice(dev: bigint): number {
  const d = Number(dev & 0xffffffffn);
  const major = (d >>> 8) & 0xfff;
  const minor = (d & 0xff) | ((d >>> 12) & 0xfff00);
  return major * 0x100000 + minor;
}
