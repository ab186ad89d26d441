/**
 * Archives of real servers written in Java, Apache Kafka first, fetched once from the Maven repository and held against pinned checksums. `MAVEN_REPOSITORY` names another
 * repository with the same layout; what was fetched stays in the user's cache.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { kafkaPins } from './kafka-pins.ts';

const REPOSITORY = process.env.MAVEN_REPOSITORY ?? 'https://repo.maven.apache.org/maven2';
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'merlon-tests', 'maven');
const AT_ONCE = 6;

/** Paths of the archives, for a class path. */
export const kafkaArchives = (): Promise<readonly string[]> => mavenArchives(kafkaPins);

/** `pins`: path in the repository → SHA-256. */
export async function mavenArchives(pins: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const waiting = Object.entries(pins);
  const worker = async () => {
    for (let pin = waiting.shift(); pin !== undefined; pin = waiting.shift()) await have(...pin);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return Object.keys(pins).map((path) => join(CACHE, path));
}

async function have(path: string, sha256: string): Promise<void> {
  const file = join(CACHE, path);
  if (existsSync(file) && digestOf(readFileSync(file)) === sha256) return;
  const answer = await fetch(`${REPOSITORY}/${path}`);
  if (!answer.ok) throw new Error(`${path} cannot be fetched: ${REPOSITORY} answered ${answer.status}.`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (digestOf(bytes) !== sha256) throw new Error(`${path} is not what was pinned: ${digestOf(bytes)}.`);
  mkdirSync(dirname(file), { recursive: true });
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, bytes);
  renameSync(partial, file);
}

const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
