import { describe, expect, it } from 'vitest';
import { readSettings } from './settings.ts';

describe('readSettings', () => {
  it('keeps to the places of a packaged service', () => {
    expect(readSettings({})).toEqual({
      home: '/var/lib/merlon-agent',
      configDir: '/etc/merlon-agent',
      controlSocket: '/run/merlon-agent/control.sock',
      logLevel: 'info',
    });
  });

  it('gives an agent with a state folder of its own a socket of its own', () => {
    expect(readSettings({ MERLON_AGENT_HOME: '/tmp/a' }).controlSocket).toBe('/tmp/a/control.sock');
  });

  it('names what it cannot use', () => {
    expect(() => readSettings({ MERLON_AGENT_LOG: 'loud' })).toThrow(/MERLON_AGENT_LOG.*"loud"/);
    expect(() => readSettings({ MERLON_AGENT_HOME: `/tmp/${'x'.repeat(120)}` })).toThrow(/too long/);
  });
});
