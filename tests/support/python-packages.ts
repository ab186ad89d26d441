/** A python with the packages of one requirements file, in a folder of its own under node_modules/.cache. Needs python3 with venv. */
import { execFile as execFileCallback } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execFile = promisify(execFileCallback);

/** @param name of `<name>.requirements.txt` beside this file @returns path of the interpreter */
export async function pythonWith(name: string): Promise<string> {
  const requirements = fileURLToPath(new URL(`${name}.requirements.txt`, import.meta.url));
  const folder = fileURLToPath(new URL(`../../node_modules/.cache/merlon-${name}/`, import.meta.url));
  const python = join(folder, 'bin', 'python');
  if (!existsSync(python)) {
    mkdirSync(folder, { recursive: true });
    await execFile('python3', ['-m', 'venv', folder]);
  }
  await execFile(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-r', requirements]);
  return python;
}
