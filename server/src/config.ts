/**
 * Configuration comes from the environment alone. Every variable is read here, once; a value that cannot be used stops the start with a
 * message that names the variable. A secret may also be given as `<NAME>_FILE`, the path of a file that holds it.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { INDICATOR_LIMITS } from '@merlon/contract';
import { HUNTING_DEFAULTS, type HuntingConfig } from './features/hunting/limits.ts';
import { type QuotaFactors, readQuotaFactors } from './http/rate-limits.ts';
import { hostAllowList } from './outbound/host-allow-list.ts';
import type { LogLevel } from './telemetry/log.ts';

export interface Config {
  /** Absolute path of the data folder. */
  readonly home: string;
  /** 0: any free port. */
  readonly port: number;
  /** Origin under which clients reach the server, without a trailing slash; null: `https://localhost:<port>`. */
  readonly publicUrl: string | null;
  /** Null: embedded. */
  readonly eventStoreUrl: string | null;
  readonly databaseUrl: string | null;
  readonly retentionDays: number;
  /** Active at once in a tenant. */
  readonly maxIndicators: number;
  readonly logLevel: LogLevel;
  /** `service`: the real service's quotas per application and tenant. `off`: none, for a lab or a test. */
  readonly rateLimits: 'service' | 'off';
  /** How many times those quotas an application has. */
  readonly quotaFactors: QuotaFactors;
  readonly hunting: HuntingConfig;
  /** Private networks in which external identity providers may be. */
  readonly federationNetworks: readonly string[];
  readonly streaming: StreamingConfig;
  /** Host names, in lower case, under which `/api/alerts` is the detections feed of SIEM connectors. */
  readonly siemHosts: readonly string[];
  /** Where the agents are that onboarding packages may fetch: what `npm run build:agent` made. */
  readonly agentFolder: string;
  /** Check every answer against its schema and fail loudly. For tests and development. */
  readonly checkResponses: boolean;
}

export interface StreamingConfig {
  /** Export settings a tenant may have. */
  readonly maxSettings: number;
  /** Bytes of the event log that are kept for a setting which does not keep up. */
  readonly retainBytes: number;
  /** Private networks in which destinations may be. Null: any address may be. */
  readonly networks: readonly string[] | null;
}

export class ConfigError extends Error {
  readonly variable: string;
  constructor(variable: string, problem: string) {
    super(`${variable} ${problem}`);
    this.name = 'ConfigError';
    this.variable = variable;
  }
}

const MINIMUM_NODE = [20, 19, 0] as const;

/** Null when the version will do, else the message to print. */
export function nodeVersionProblem(version: string): string | null {
  const parts = version.replace(/^v/, '').split('.').map(Number);
  for (const [i, least] of MINIMUM_NODE.entries()) {
    const part = parts[i] ?? 0;
    if (part > least) return null;
    if (part < least)
      return `Merlon needs Node.js ${MINIMUM_NODE.join('.')} or newer; this is ${version}. See https://nodejs.org/en/download`;
  }
  return null;
}

type Environment = Readonly<Record<string, string | undefined>>;

export function readConfig(
  env: Environment,
  readFile: (path: string) => string = (path) => readFileSync(path, 'utf8'),
): Config {
  refuseUnsupportedEventLog(secret(env, 'MERLON_EVENT_LOG_URL', readFile));
  return {
    home: resolve(text(env, 'MERLON_HOME') ?? '.merlon'),
    port: integer(env, 'MERLON_PORT', 8443, 0, 65_535),
    publicUrl: origin(env, 'MERLON_PUBLIC_URL'),
    eventStoreUrl: storeUrl(env, 'MERLON_EVENT_STORE_URL', ['http:', 'https:'], readFile),
    databaseUrl: storeUrl(env, 'MERLON_DATABASE_URL', ['postgres:', 'postgresql:'], readFile),
    retentionDays: integer(env, 'MERLON_RETENTION_DAYS', 30, 1, 3_650),
    maxIndicators: integer(env, 'MERLON_MAX_INDICATORS', INDICATOR_LIMITS.active, 1, 100_000),
    logLevel: oneOf(env, 'MERLON_LOG_LEVEL', ['debug', 'info', 'warn', 'error', 'silent'] as const, 'info'),
    rateLimits: oneOf(env, 'MERLON_RATE_LIMITS', ['service', 'off'] as const, 'service'),
    quotaFactors: quotaFactors(secret(env, 'MERLON_QUOTA_FACTORS', readFile)),
    hunting: huntingConfig(env),
    federationNetworks: hosts(env, 'MERLON_FEDERATION_NETWORKS'),
    streaming: streamingConfig(env),
    siemHosts: hostNames(env, 'MERLON_SIEM_HOSTS'),
    agentFolder: resolve(
      text(env, 'MERLON_AGENT_FOLDER') ?? join(dirname(fileURLToPath(import.meta.url)), '../../dist'),
    ),
    checkResponses: oneOf(env, 'MERLON_CHECK_RESPONSES', ['on', 'off'] as const, 'off') === 'on',
  };
}

function quotaFactors(given: string | undefined): QuotaFactors {
  try {
    return readQuotaFactors(given ?? '{}');
  } catch (error) {
    throw new ConfigError('MERLON_QUOTA_FACTORS', `is {"<client id>": factor}: ${(error as Error).message}`);
  }
}

const MIB = 1024 * 1024;

function huntingConfig(env: Environment): HuntingConfig {
  const usual = HUNTING_DEFAULTS;
  const most = 1_000_000_000;
  const number = (name: string, fallback: number, least = 1) =>
    integer(env, `MERLON_HUNTING_${name}`, fallback, least, most);
  const optional = (name: string) =>
    text(env, `MERLON_HUNTING_${name}`) === undefined ? null : number(name, 0);
  const running = number('RUNNING', usual.running);
  const memory = optional('MAX_MEMORY_MB');
  return {
    callsPerMinute: number('CALLS_PER_MINUTE', usual.callsPerMinute),
    callsPerHour: number('CALLS_PER_HOUR', usual.callsPerHour),
    runSecondsPerQuarter: number('RUN_SECONDS_PER_15_MINUTES', usual.runSecondsPerQuarter),
    runSecondsPerHour: number('RUN_SECONDS_PER_HOUR', usual.runSecondsPerHour),
    runSecondsPerDay: number('RUN_SECONDS_PER_DAY', usual.runSecondsPerDay),
    maxSeconds: optional('MAX_SECONDS'),
    maxRows: number('MAX_ROWS', usual.maxRows),
    maxBytes: number('MAX_RESULT_MB', usual.maxBytes / MIB) * MIB,
    maxMemoryBytes: memory === null ? null : memory * MIB,
    lookbackDays: number('LOOKBACK_DAYS', usual.lookbackDays),
    running,
    // Half of them at most, so that another tenant finds one free.
    runningPerTenant: number('RUNNING_PER_TENANT', Math.ceil(running / 2)),
    externalHosts: hosts(env, 'MERLON_HUNTING_EXTERNAL_HOSTS'),
    geoDatabase: path(env, 'MERLON_HUNTING_GEO_DATABASE'),
  };
}

function streamingConfig(env: Environment): StreamingConfig {
  const networks = text(env, 'MERLON_STREAMING_NETWORKS');
  return {
    maxSettings: integer(env, 'MERLON_STREAMING_MAX_SETTINGS', 5, 1, 1_000),
    // Half of what the event log keeps: an export must not be what makes it refuse events.
    retainBytes: integer(env, 'MERLON_STREAMING_RETAIN_MB', 4_096, 1, 7_000) * MIB,
    networks:
      networks === undefined ? null : networks === 'none' ? [] : hosts(env, 'MERLON_STREAMING_NETWORKS'),
  };
}

function hosts(env: Environment, name: string): string[] {
  const entries = (text(env, name) ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
  try {
    hostAllowList(entries);
  } catch (error) {
    throw new ConfigError(name, `lists hosts and networks: ${(error as Error).message}`);
  }
  return entries;
}

function hostNames(env: Environment, name: string): string[] {
  const names = (text(env, name) ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((one) => one !== '');
  const wrong = names.find((one) => !/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(one));
  if (wrong !== undefined)
    throw new ConfigError(name, `lists host names, without scheme and port, not "${wrong}"`);
  return [...new Set(names)];
}

/** An empty variable counts as absent: compose files and unit files often pass one on. */
function text(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

function path(env: Environment, name: string): string | null {
  const value = text(env, name);
  return value === undefined ? null : resolve(value);
}

function secret(env: Environment, name: string, readFile: (path: string) => string): string | undefined {
  const direct = text(env, name);
  const path = text(env, `${name}_FILE`);
  if (direct && path) throw new ConfigError(name, `and ${name}_FILE are both set; set one`);
  if (!path) return direct;
  let content: string;
  try {
    content = readFile(path).trim();
  } catch (error) {
    throw new ConfigError(`${name}_FILE`, `names ${path}, which cannot be read: ${(error as Error).message}`);
  }
  if (!content) throw new ConfigError(`${name}_FILE`, `names ${path}, which is empty`);
  return content;
}

function integer(env: Environment, name: string, fallback: number, least: number, most: number): number {
  const value = text(env, name);
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < least || number > most) {
    throw new ConfigError(name, `must be a whole number from ${least} to ${most}, not "${value}"`);
  }
  return number;
}

function oneOf<const T extends string>(
  env: Environment,
  name: string,
  allowed: readonly T[],
  fallback: T,
): T {
  const value = text(env, name);
  if (value === undefined) return fallback;
  const found = allowed.find((candidate) => candidate === value.toLowerCase());
  if (!found) throw new ConfigError(name, `must be one of ${allowed.join(', ')}, not "${value}"`);
  return found;
}

function parseUrl(name: string, value: string): URL {
  try {
    return new URL(value);
  } catch {
    throw new ConfigError(name, 'is not a URL');
  }
}

function origin(env: Environment, name: string): string | null {
  const value = text(env, name);
  if (value === undefined) return null;
  const url = parseUrl(name, value);
  if (url.protocol !== 'https:') throw new ConfigError(name, `must begin with https://, not "${value}"`);
  if (url.pathname !== '/' || url.search || url.hash || url.username) {
    throw new ConfigError(
      name,
      `must be scheme, host and port only, such as https://merlon.example.com:8443, not "${value}"`,
    );
  }
  return url.origin;
}

/** Names the scheme but never echoes the URL: it may hold a password. */
function storeUrl(
  env: Environment,
  name: string,
  schemes: readonly string[],
  readFile: (path: string) => string,
): string | null {
  const value = secret(env, name, readFile);
  if (value === undefined) return null;
  const url = parseUrl(name, value);
  if (!schemes.includes(url.protocol)) {
    throw new ConfigError(
      name,
      `must begin with ${schemes.map((s) => `${s}//`).join(' or ')}, not ${url.protocol}//`,
    );
  }
  return value;
}

function refuseUnsupportedEventLog(value: string | undefined): void {
  if (value === undefined) return;
  const { protocol } = parseUrl('MERLON_EVENT_LOG_URL', value);
  throw new ConfigError(
    'MERLON_EVENT_LOG_URL',
    protocol === 'kafka:'
      ? 'names Kafka, which this version does not support yet; leave it unset for the embedded log'
      : `has an unknown scheme ${protocol}//; leave it unset for the embedded log`,
  );
}
