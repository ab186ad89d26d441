/** Loads the sensor's BPF object through libbpf, which fits it to the running kernel, and reaches its maps. */
import type { LibraryHandle } from 'koffi';
import { findAsset } from '../asset-places.ts';
import type { Koffi } from './system-calls.ts';

const EAGAIN = 11;
const LOAD_ATTEMPTS = 10;

export interface BpfObject {
  mapFd(name: string): number;
  /** Sum of a u64 array map's element. */
  counter(map: string, index: number): number;
  writeElement(map: string, index: number, value: Buffer): void;
  setElement(map: string, key: Buffer, value: Buffer): void;
  /** Nothing happens when there is none. */
  deleteElement(map: string, key: Buffer): void;
  /** Starts the programs. @returns the names of those the kernel refused, with its reason. */
  attach(): string[];
  /** Starts one program for the processes of a cgroup. @returns what ends it. @throws with the kernel's reason. */
  attachToCgroup(program: string, cgroupFd: number): () => void;
  close(): void;
}

/** libbpf, and what it needs, in the order in which they must be loaded. */
const LIBRARIES = ['libz.so.1', 'libelf.so.1', 'libbpf.so.1'] as const;

/** The one that came with the agent, else the system's. @throws when there is neither. */
export function loadLibbpf(koffi: Koffi): LibraryHandle {
  const failures: string[] = [];
  const brought = LIBRARIES.map(findAsset).filter((path) => path !== null);
  // One by one, since the loader does not look beside the library that needs another, but takes one of that name which is loaded already.
  for (const way of [brought, LIBRARIES.slice(-1)]) {
    try {
      const last = way.map((library) => koffi.load(library)).at(-1);
      if (last !== undefined) return last;
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
  const findProgram = library.func('void *bpf_object__find_program_by_name(void *, str)');
  const attachCgroup = library.func('void *bpf_program__attach_cgroup(void *, int)');
  const remove = library.func('int bpf_map_delete_elem(int, void *)');
  const closeObject = library.func('void bpf_object__close(void *)');
  const destroyLink = library.func('int bpf_link__destroy(void *)');
  const lookUp = library.func('int bpf_map_lookup_elem(int, void *, void *)');
  const update = library.func('int bpf_map_update_elem(int, void *, void *, uint64_t)');
  // libbpf prints the verifier's whole log on failure; the error number is what the health can carry.
  const print = library.func('void *libbpf_set_print(void *)');
  print(null);

  const errorName = (errno: number): string =>
    Object.entries(koffi.os.errno).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
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
    throw new Error(`the kernel refused the programs: ${errorName(-loaded)}`);
  }
  giveBackMemory(koffi);
  const links = new Set<unknown>();
  const key = (index: number): Buffer => {
    const b = Buffer.alloc(4);
    b.writeUInt32LE(index);
    return b;
  };
  const fds = new Map<string, number>();
  const mapFd = (name: string): number => {
    const known = fds.get(name) ?? Number(findMap(object, name));
    fds.set(name, known);
    return known;
  };
  const setElement = (map: string, key: Buffer, value: Buffer): void => {
    const result = Number(update(mapFd(map), key, value, 0));
    if (result !== 0) throw new Error(`writing to BPF map ${map}: ${errorName(-result)}`);
  };
  return {
    mapFd,
    counter: (map, index) => {
      const value = Buffer.alloc(8);
      return Number(lookUp(mapFd(map), key(index), value)) === 0 ? Number(value.readBigUInt64LE(0)) : 0;
    },
    writeElement: (map, index, value) => setElement(map, key(index), value),
    setElement,
    deleteElement: (map, mapKey) => void remove(mapFd(map), mapKey),
    attachToCgroup: (name, cgroupFd) => {
      const program: unknown = findProgram(object, name);
      if (program === null) throw new Error(`there is no program ${name}`);
      const link: unknown = attachCgroup(program, cgroupFd);
      if (link === null) throw new Error(`the kernel refused ${name}: ${errorName(koffi.errno())}`);
      links.add(link);
      return () => {
        if (links.delete(link)) destroyLink(link);
      };
    },
    attach: () => {
      for (let p: unknown = nextProgram(object, null); p !== null; p = nextProgram(object, p)) {
        const link: unknown = attachProgram(p);
        if (link === null) messages.push(`${String(programName(p))}: errno ${koffi.errno()}`);
        else links.add(link);
      }
      return messages;
    },
    close: () => {
      for (const link of links) destroyLink(link);
      closeObject(object);
    },
  };
}

/** Reading the kernel's types takes tens of megabytes, which the C library would keep. Another than glibc has no such call. */
function giveBackMemory(koffi: Koffi): void {
  try {
    koffi.load('libc.so.6').func('int malloc_trim(size_t)')(0);
  } catch {
    // nothing to be done
  }
}
