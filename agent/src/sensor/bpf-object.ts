/** Loads the sensor's BPF object through libbpf, which fits it to the running kernel, and reaches its maps. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LibraryHandle } from 'koffi';
import type { Koffi } from './system-calls.ts';

const EAGAIN = 11;
const LOAD_ATTEMPTS = 10;

export interface BpfObject {
  mapFd(name: string): number;
  /** Sum of a u64 array map's element. */
  counter(map: string, index: number): number;
  writeElement(map: string, index: number, value: Buffer): void;
  /** Starts the programs. @returns the names of those the kernel refused, with its reason. */
  attach(): string[];
  close(): void;
}

/** Where libbpf is looked for: beside the agent, then where the system keeps it. */
export function libbpfCandidates(nativeDir: string): string[] {
  const bundled = join(nativeDir, `linux-${process.arch}`, 'libbpf.so.1');
  return [...(existsSync(bundled) ? [bundled] : []), 'libbpf.so.1'];
}

export function loadLibbpf(koffi: Koffi, nativeDir: string): LibraryHandle {
  const failures: string[] = [];
  for (const candidate of libbpfCandidates(nativeDir)) {
    try {
      return koffi.load(candidate);
    } catch (error) {
      failures.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(`libbpf.so.1 is not installed (package libbpf1): ${failures.join('; ')}`);
}

/** @throws with the kernel's or libbpf's reason. */
export function openBpfObject(koffi: Koffi, library: LibraryHandle, path: string): BpfObject {
  const messages: string[] = [];
  const open = library.func('void *bpf_object__open_file(str, void *)');
  const load = library.func('int bpf_object__load(void *)');
  const nextProgram = library.func('void *bpf_object__next_program(void *, void *)');
  const programName = library.func('str bpf_program__name(void *)');
  const attachProgram = library.func('void *bpf_program__attach(void *)');
  const findMap = library.func('int bpf_object__find_map_fd_by_name(void *, str)');
  const closeObject = library.func('void bpf_object__close(void *)');
  const destroyLink = library.func('int bpf_link__destroy(void *)');
  const lookUp = library.func('int bpf_map_lookup_elem(int, void *, void *)');
  const update = library.func('int bpf_map_update_elem(int, void *, void *, uint64_t)');
  // libbpf prints the verifier's whole log on failure; the error number is what the health can carry.
  const print = library.func('void *libbpf_set_print(void *)');
  print(null);

  let object: unknown = null;
  let loaded = -EAGAIN;
  // The verifier gives up with EAGAIN when a signal comes in.
  for (let attempt = 0; attempt < LOAD_ATTEMPTS && loaded === -EAGAIN; attempt++) {
    object = open(path, null);
    if (object === null) throw new Error(`opening ${path}: errno ${koffi.errno()}`);
    loaded = Number(load(object));
    if (loaded !== 0) closeObject(object);
  }
  if (loaded !== 0) {
    const name = Object.entries(koffi.os.errno).find(([, value]) => value === -loaded)?.[0];
    throw new Error(`the kernel refused the programs: ${name ?? loaded}`);
  }
  const links: unknown[] = [];
  const key = (index: number): Buffer => {
    const b = Buffer.alloc(4);
    b.writeUInt32LE(index);
    return b;
  };
  const mapFd = (name: string): number => Number(findMap(object, name));
  return {
    mapFd,
    counter: (map, index) => {
      const value = Buffer.alloc(8);
      return Number(lookUp(mapFd(map), key(index), value)) === 0 ? Number(value.readBigUInt64LE(0)) : 0;
    },
    writeElement: (map, index, value) => {
      const result = Number(update(mapFd(map), key(index), value, 0));
      if (result !== 0) throw new Error(`writing to BPF map ${map}: ${result}`);
    },
    attach: () => {
      for (let p: unknown = nextProgram(object, null); p !== null; p = nextProgram(object, p)) {
        const link: unknown = attachProgram(p);
        if (link === null) messages.push(`${String(programName(p))}: errno ${koffi.errno()}`);
        else links.push(link);
      }
      return messages;
    },
    close: () => {
      for (const link of links) destroyLink(link);
      closeObject(object);
    },
  };
}
