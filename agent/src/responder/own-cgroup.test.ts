import { describe, expect, it } from 'vitest';
import { parseOwnCgroup } from './own-cgroup.ts';

describe('parseOwnCgroup', () => {
  it.each([
    ['0::/system.slice/merlon-agent.service\n', 'system.slice/merlon-agent.service'],
    ['12:cpu:/\n0::/security.slice/merlon-agent.service\n', 'security.slice/merlon-agent.service'],
    ['0::/user.slice/user-0.slice/session-1.scope\n', null],
    ['0::/\n', null],
    ['1:name=systemd:/system.slice/merlon-agent.service\n', null],
    ['0::/a" accept; #/merlon-agent.service\n', null],
    ['', null],
  ])('%j is %s', (text, expected) => {
    expect(parseOwnCgroup(text)).toBe(expected);
  });
});
