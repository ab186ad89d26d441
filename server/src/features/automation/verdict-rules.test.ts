import { describe, expect, it } from 'vitest';
import { type Facts, judge, VERDICT_RULES } from './verdict-rules.ts';

const nothing: Facts = {
  kind: 'File',
  indicator: null,
  threat: null,
  putAway: false,
  devices: null,
  trustedSigner: null,
  inTempFolder: false,
  severity: 'Medium',
};
const indicator = (action: NonNullable<Facts['indicator']>['action']) => ({ action, title: 'its title' });
const rare: Partial<Facts> = { inTempFolder: true, severity: 'High', devices: 2 };

describe('verdicts', () => {
  it.each<[Partial<Facts>, string, string, string]>([
    [{ indicator: indicator('Allowed'), threat: 'X' }, 'NoThreatsFound', 'indicator-allows', 'byLevel'],
    [{ indicator: indicator('BlockAndRemediate') }, 'Malicious', 'indicator-remediates', 'byLevel'],
    [{ indicator: indicator('Block') }, 'Malicious', 'indicator-blocks', 'asks'],
    [{ indicator: indicator('AlertAndBlock') }, 'Malicious', 'indicator-blocks', 'asks'],
    [{ indicator: indicator('Block'), kind: 'Ip' }, 'Malicious', 'indicator-blocks', 'held'],
    [{ indicator: indicator('BlockAndRemediate'), kind: 'Url' }, 'Malicious', 'indicator-remediates', 'held'],
    [{ threat: 'X', indicator: indicator('Block') }, 'Malicious', 'antivirus-detection', 'byLevel'],
    [{ threat: 'X' }, 'Malicious', 'antivirus-detection', 'byLevel'],
    [{ threat: 'X', putAway: true }, 'Malicious', 'antivirus-detection', 'held'],
    [{ threat: 'X', trustedSigner: 'Somebody' }, 'Malicious', 'antivirus-detection', 'byLevel'],
    [{ threat: 'X', kind: 'Ip' }, 'Unknown', 'nothing-known', 'byLevel'],
    [{ indicator: indicator('Warn') }, 'Suspicious', 'indicator-warns', 'byLevel'],
    [
      { indicator: indicator('Alert'), trustedSigner: 'Somebody' },
      'Suspicious',
      'indicator-warns',
      'byLevel',
    ],
    [{ indicator: indicator('Audit') }, 'Unknown', 'nothing-known', 'byLevel'],
    [{ ...rare, trustedSigner: 'Somebody' }, 'NoThreatsFound', 'trusted-signature', 'byLevel'],
    [rare, 'Suspicious', 'rare-in-temp-folder', 'byLevel'],
    [{ ...rare, devices: null }, 'Suspicious', 'rare-in-temp-folder', 'byLevel'],
    [{ ...rare, kind: 'Process' }, 'Suspicious', 'rare-in-temp-folder', 'byLevel'],
    [{ ...rare, devices: 3 }, 'Unknown', 'nothing-known', 'byLevel'],
    [{ ...rare, severity: 'Medium' }, 'Unknown', 'nothing-known', 'byLevel'],
    [{ ...rare, inTempFolder: false }, 'Unknown', 'nothing-known', 'byLevel'],
    [{ devices: 10 }, 'NoThreatsFound', 'common-in-organisation', 'byLevel'],
    [{ devices: 9 }, 'Unknown', 'nothing-known', 'byLevel'],
    [{ devices: 10, kind: 'Ip' }, 'Unknown', 'nothing-known', 'byLevel'],
    [{}, 'Unknown', 'nothing-known', 'byLevel'],
  ])('%o', (more, verdict, rule, remedy) => {
    expect(judge({ ...nothing, ...more })).toMatchObject({ verdict, rule, remedy });
  });

  it('says why in words, with what it went by', () => {
    expect(judge({ ...nothing, threat: 'Bad.Thing' }).reason).toContain('Bad.Thing');
    expect(judge({ ...nothing, indicator: indicator('Block') }).reason).toBe(
      'The indicator "its title" blocks it (Block).',
    );
    expect(judge({ ...nothing, devices: 12 }).reason).toContain('12 devices');
  });

  it('names each rule once', () => {
    const names = VERDICT_RULES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});
