/** Where the files are that come with the agent beside its code: see `assets.ts`, which unpacks them. Small, since the guard's threads load it too. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';

/** Name in the executable -> where it lies outside of it, from this module or the bundle it became part of. */
const PLACES = {
  'hash-worker.js': ['./hash-worker.js', './sensor/hash-worker.mjs'],
  'guard-worker.js': ['./guard-worker.js'],
  'yara-worker.js': ['./yara-worker.js', './scan/yara-worker.mjs'],
  'yara-x.wasm': ['./yara-x.wasm', '../../node_modules/@virustotal/yara-x/pkg/yara_x_js_bg.wasm'],
  'sensor.bpf.o': ['./sensor.bpf.o', '../native/sensor.bpf.o'],
  'guard.bpf.o': ['./guard.bpf.o', '../native/guard.bpf.o'],
  // npm and the system bring these, outside of the executable.
  'koffi.node': [],
  'libz.so.1': [],
  'libelf.so.1': [],
  'libbpf.so.1': [],
} as const satisfies Record<string, readonly string[]>;
export type AssetName = keyof typeof PLACES;

let unpacked: string | null = null;

/** Where `unpackAssets` put them, to be told to a thread: each has this module anew. */
export function unpackedAssets(): string | null {
  return unpacked;
}

export function useUnpackedAssets(folder: string | null): void {
  unpacked = folder;
}

/** Path of the file, or null where this build of the agent does not bring it. */
export function findAsset(name: AssetName): string | null {
  if (isSea()) {
    const path = unpacked === null ? null : join(unpacked, name);
    return path !== null && existsSync(path) ? path : null;
  }
  const here = dirname(fileURLToPath(import.meta.url));
  return PLACES[name].map((place) => join(here, place)).find((path) => existsSync(path)) ?? null;
}
