import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder with the BPF object: `native` beside the agent's sources or its bundle, wherever this file ended up below it. */
export function findNativeDir(from = import.meta.url): string | null {
  let folder = dirname(fileURLToPath(from));
  for (;;) {
    const candidate = join(folder, 'native');
    if (existsSync(join(candidate, 'sensor.bpf.o'))) return candidate;
    const above = dirname(folder);
    if (above === folder) return null;
    folder = above;
  }
}
