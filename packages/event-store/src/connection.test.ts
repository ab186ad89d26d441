import { describe, expect, it } from 'vitest';
import { parseConnectionUrl, readerOf } from './connection.ts';
import { engineAccounts, engineConfig } from './engine-config.ts';
import { accountStatements } from './reader-account.ts';
import { firstKeptDay } from './retention.ts';

describe('parseConnectionUrl', () => {
  it('reads address, account and database', () => {
    expect(parseConnectionUrl('https://mer%40lon:p%2Fw@ch.example:8443/events')).toEqual({
      origin: 'https://ch.example:8443',
      database: 'events',
      writer: { name: 'mer@lon', password: 'p/w' },
      headers: {},
    });
    expect(parseConnectionUrl('http://ch:8123')).toMatchObject({
      database: 'merlon',
      writer: { name: 'default', password: '' },
    });
  });

  it('refuses the rest without repeating the password', () => {
    for (const url of [
      'nonsense s3cret',
      'tcp://u:s3cret@h:9000',
      'http://u:s3cret@h/a`b',
      'http://u:s3cret@h/a/b',
    ]) {
      expect(() => parseConnectionUrl(url)).toThrow(/^(?!.*s3cret)/s);
    }
  });
});

describe('the reading account', () => {
  const connection = parseConnectionUrl('http://w:secret@h/events');
  const ceilings = { maxSeconds: 600, maxMemoryBytes: 1e9 };

  it('is the same for every server beside one store, and another for another password', () => {
    const account = readerOf(connection);
    expect(account).toEqual(readerOf(parseConnectionUrl('http://w:secret@other/events')));
    expect(account.name).toBe('events_reader');
    expect(account.password).toMatch(/^[\w-]{43}$/);
    expect(account.password).not.toBe(readerOf(parseConnectionUrl('http://w:secre@h/events')).password);
  });

  it('is made by statements that may be run twice, with bounds that zero does not open', () => {
    const statements = accountStatements(readerOf(connection), 'events', ceilings);
    expect(statements[0]).toMatch(/^CREATE USER IF NOT EXISTS `events_reader` /);
    expect(statements[1]).toContain('max_memory_usage = 1000000000 MIN 1 MAX 1000000000');
    expect(statements[2]).toBe('GRANT SELECT, dictGet ON `events`.* TO `events_reader`');
  });
});

describe('the configuration of the embedded engine', () => {
  it('has nobody answer without the key, and passwords only as hashes', () => {
    expect(engineConfig({ memoryBytes: 1e9, key: 'KEY' })).toContain(
      '<headers><X-Merlon-Engine>KEY</X-Merlon-Engine></headers>',
    );
    const accounts = engineAccounts({
      database: 'merlon',
      writer: { name: 'w', passwordSha256: 'HASHW' },
      reader: { name: 'r', passwordSha256: 'HASHR' },
      ceilings: { maxSeconds: 600, maxMemoryBytes: 1e9 },
    });
    expect(accounts).toContain('<grants><query>GRANT SELECT, dictGet ON merlon.*</query></grants>');
    expect(accounts).toContain('<grants><query>GRANT SYSTEM LISTEN ON *.*</query></grants>');
    expect(accounts.match(/<password[^>]*>[^<]*/g)).toEqual([
      '<password>',
      '<password_sha256_hex>HASHW',
      '<password_sha256_hex>HASHR',
    ]);
  });
});

describe('retention', () => {
  it('keeps the day in which it begins', () => {
    expect(firstKeptDay(new Date('2026-11-24T00:00:00Z'), 30)).toBe('20261025');
    expect(firstKeptDay(new Date('2026-11-24T23:59:59Z'), 1)).toBe('20261123');
  });
});
