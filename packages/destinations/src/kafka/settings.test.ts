import { describe, expect, it } from 'vitest';
import { brokerOf, check, type Settings, topicOf } from './settings.ts';

const settings: Settings = { brokers: ['kafka.example:9093'], topic: 'merlon' };
const refusal = (more: Partial<Settings>, tables: readonly string[] = ['DeviceEvents']): string => {
  try {
    check({ ...settings, ...more }, tables);
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
  return 'accepted';
};

describe('settings of Kafka', () => {
  it('name a topic, or one for each table', () => {
    expect(topicOf('all', 'DeviceEvents')).toBe('all');
    expect(topicOf('{table}-v1', 'DeviceEvents')).toBe('DeviceEvents-v1');
    expect(topicOf('edr.{table_lower}', 'DeviceEvents')).toBe('edr.deviceevents');
  });

  it.each([
    ['kafka:9092', { host: 'kafka', port: 9092 }],
    ['[::1]:9092', { host: '::1', port: 9092 }],
  ])('know %s for a broker', (text, broker) => {
    expect(brokerOf(text)).toEqual(broker);
  });

  it.each([
    ['a broker without a port', { brokers: ['kafka'] }, 'brokers:'],
    ['a broker with a user', { brokers: ['me@kafka:9092'] }, 'brokers:'],
    ['a port that is none', { brokers: ['kafka:99999'] }, 'brokers:'],
    ['a name no topic can have', { topic: '{table}/x' }, 'topic:'],
    ['a login without its password', { saslMechanism: 'PLAIN', username: 'a' }, 'password is missing'],
    ['a password without a login', { password: 'a' }, 'password is given without saslMechanism'],
    [
      'members of another login',
      { saslMechanism: 'SCRAM-SHA-256', username: 'a', password: 'b', clientId: 'c' },
      'clientId is given, but SCRAM-SHA-256',
    ],
    [
      'a password in the clear',
      { encryption: 'none', saslMechanism: 'PLAIN', username: 'a', password: 'b' },
      'gives the secret away',
    ],
    ['certificates without TLS', { encryption: 'none', ca: 'x' }, 'ca belongs to TLS'],
    [
      'a token endpoint in the clear',
      { saslMechanism: 'OAUTHBEARER', tokenUrl: 'http://a/', clientId: 'a', clientSecret: 'b' },
      'tokenUrl',
    ],
  ] satisfies [string, Partial<Settings>, string][])('are refused with %s', (_, more, message) => {
    expect(refusal(more)).toContain(message);
  });

  it('are taken with each login', () => {
    expect(
      refusal({ saslMechanism: 'SCRAM-SHA-512', username: 'a', password: 'b', encryption: 'none' }),
    ).toBe('accepted');
    expect(
      refusal({
        saslMechanism: 'OAUTHBEARER',
        tokenUrl: 'https://a/',
        clientId: 'a',
        clientSecret: 'b',
        scope: 'c',
      }),
    ).toBe('accepted');
  });
});
