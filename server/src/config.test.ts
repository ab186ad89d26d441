import { describe, expect, it } from 'vitest';
import { ConfigError, nodeVersionProblem, readConfig } from './config.ts';
import { HUNTING_DEFAULTS } from './features/hunting/limits.ts';

const noFiles = (path: string): string => {
  throw new Error(`no file ${path}`);
};

describe('configuration', () => {
  it('has a default for everything', () => {
    expect(readConfig({}, noFiles)).toMatchObject({
      home: expect.stringMatching(/\/\.merlon$/),
      port: 8443,
      publicUrl: null,
      eventStoreUrl: null,
      databaseUrl: null,
      retentionDays: 30,
      maxIndicators: 15_000,
      siemHosts: [],
      rateLimits: 'service',
      quotaFactors: new Map(),
    });
  });

  it('takes host names of the detections feed', () => {
    const names = (list: string) => readConfig({ MERLON_SIEM_HOSTS: list }, noFiles).siemHosts;
    expect(names(' SIEM.example.com, feed siem.example.com')).toEqual(['siem.example.com', 'feed']);
    for (const wrong of ['https://siem.example.com', 'siem.example.com:8443', '*.example.com', '-a'])
      expect(() => names(wrong)).toThrow(`"${wrong}"`);
  });

  it('takes the limits of hunting', () => {
    expect(readConfig({}, noFiles).hunting).toEqual(HUNTING_DEFAULTS);
    const { hunting } = readConfig(
      {
        MERLON_HUNTING_RUNNING: '9',
        MERLON_HUNTING_MAX_SECONDS: '30',
        MERLON_HUNTING_MAX_RESULT_MB: '5',
        MERLON_HUNTING_MAX_MEMORY_MB: '100',
        MERLON_HUNTING_EXTERNAL_HOSTS: 'lists.example.com, http://mirror.internal 10.20.0.0/16',
        MERLON_HUNTING_GEO_DATABASE: '/srv/places.mmdb',
      },
      noFiles,
    );
    expect(hunting).toMatchObject({
      running: 9,
      runningPerTenant: 5,
      maxSeconds: 30,
      maxBytes: 5 * 1024 * 1024,
      maxMemoryBytes: 100 * 1024 * 1024,
      externalHosts: ['lists.example.com', 'http://mirror.internal', '10.20.0.0/16'],
      geoDatabase: '/srv/places.mmdb',
    });
  });

  it('takes empty variables as absent', () => {
    expect(readConfig({ MERLON_PORT: '', MERLON_PUBLIC_URL: ' ' }, noFiles)).toMatchObject({
      port: 8443,
      publicUrl: null,
    });
  });

  it('reads a secret from a file', () => {
    const config = readConfig({ MERLON_DATABASE_URL_FILE: '/run/secrets/db' }, (path) => {
      expect(path).toBe('/run/secrets/db');
      return 'postgres://merlon:secret@db/merlon\n';
    });
    expect(config.databaseUrl).toBe('postgres://merlon:secret@db/merlon');
  });

  it.each([
    ['MERLON_PORT', 'abc', /whole number from 0 to 65535/],
    ['MERLON_PORT', '70000', /whole number/],
    ['MERLON_PORT', '-1', /whole number/],
    ['MERLON_PUBLIC_URL', 'http://merlon.example', /https:\/\//],
    ['MERLON_PUBLIC_URL', 'https://merlon.example/path', /scheme, host and port only/],
    ['MERLON_PUBLIC_URL', 'merlon', /not a URL/],
    ['MERLON_DATABASE_URL', 'mysql://u:topsecret@h/d', /postgres:\/\//],
    ['MERLON_EVENT_STORE_URL', 'clickhouse://h', /http:\/\/ or https:\/\//],
    ['MERLON_EVENT_LOG_URL', 'kafka://broker:9092', /Kafka.*not support/],
    ['MERLON_EVENT_LOG_URL', 'amqp://broker', /unknown scheme amqp:/],
    ['MERLON_LOG_LEVEL', 'loud', /one of debug, info/],
    ['MERLON_RATE_LIMITS', 'maybe', /service, off/],
    ['MERLON_HUNTING_CALLS_PER_MINUTE', '0', /from 1 to/],
    ['MERLON_HUNTING_MAX_SECONDS', 'ten', /whole number/],
    ['MERLON_HUNTING_EXTERNAL_HOSTS', 'lists.example.com, http://x/y', /"http:\/\/x\/y" is not a host/],
    ['MERLON_DATABASE_URL_FILE', '/nowhere', /cannot be read/],
  ])('refuses %s=%s by name', (variable, value, message) => {
    const read = () => readConfig({ [variable]: value }, noFiles);
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(message);
    expect(read).toThrow(new RegExp(`^${variable} `));
    expect(read).not.toThrow(/topsecret/);
  });

  it('refuses a secret given twice', () => {
    expect(() =>
      readConfig({ MERLON_DATABASE_URL: 'postgres://a/b', MERLON_DATABASE_URL_FILE: '/f' }, noFiles),
    ).toThrow(/both set/);
  });
});

describe('Node.js version', () => {
  it.each(['v20.19.0', 'v20.20.2', 'v22.0.0', 'v25.1.0'])('%s will do', (version) => {
    expect(nodeVersionProblem(version)).toBeNull();
  });
  it.each(['v20.18.9', 'v18.20.0', 'v16.0.0'])(
    '%s is too old, and the message says what is needed',
    (version) => {
      expect(nodeVersionProblem(version)).toMatch(/needs Node.js 20\.19\.0 or newer; this is v/);
    },
  );
});
