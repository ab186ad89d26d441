import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { findAsset } from '../asset-places.ts';

/** The compiler that made the committed object. */
const CLANG = 14;

function clangMajor(): number | null {
  try {
    const version = execFileSync('clang', ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    execFileSync('llvm-strip', ['--version'], { stdio: 'ignore' });
    return Number(/version (\d+)/.exec(version)?.[1]);
  } catch {
    return null;
  }
}

const major = clangMajor();
const reason =
  major === null
    ? 'no clang here'
    : major === CLANG
      ? null
      : `clang ${major} is here, ${CLANG} made the object`;
if (reason !== null) console.log(`not compared with a rebuild: ${reason}`);

it.skipIf(reason !== null)('are what their sources build to, byte for byte', () => {
  const folder = mkdtempSync(join(tmpdir(), 'merlon-native-'));
  try {
    execFileSync(fileURLToPath(new URL('../../native/build.sh', import.meta.url)), [folder]);
    for (const name of ['sensor.bpf.o', 'guard.bpf.o'] as const)
      expect(readFileSync(join(folder, name)).equals(readFileSync(findAsset(name) ?? '')), name).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
