import { describe, expect, it } from 'vitest';
import { NOTHING } from './entity.ts';
import { remediationsFor } from './run.ts';
import type { Judged } from './store.ts';

const now = new Date('2026-11-25T10:00:00.000Z');
const judged = (more: Partial<Judged> & { readonly sha256?: string | null }): Judged => ({
  identity: 'x',
  verdict: 'Malicious',
  rule: 'rule',
  reason: 'why',
  remedy: 'byLevel',
  ...more,
  entity: {
    ...NOTHING,
    kind: 'File',
    folders: ['/srv'],
    sha256: more.sha256 === undefined ? 'b'.repeat(64) : more.sha256,
  },
});
const forLevel = (level: Parameters<typeof remediationsFor>[1], ...all: Judged[]) =>
  remediationsFor(all, level, 'Linux', now);

describe('what is proposed', () => {
  it('goes by itself where the level lets it, and else waits for seven days', () => {
    expect(forLevel('Full', judged({})).proposed).toMatchObject([
      {
        state: 'Approved',
        automatic: true,
        file_algorithm: 'Sha256',
        expires_at: new Date('2026-12-02T10:00:00.000Z'),
      },
    ]);
    expect(forLevel('SemiNonTempFolders', judged({})).proposed).toMatchObject([
      { state: 'Pending', automatic: false },
    ]);
  });

  it('always waits where the rule asks, or the file is only suspicious', () => {
    const all = [judged({ remedy: 'asks' }), judged({ verdict: 'Suspicious' })];
    expect(forLevel('Full', ...all).proposed.map(({ state }) => state)).toEqual(['Pending', 'Pending']);
  });

  it('counts what needs nothing and what has no remedy, and passes over what is no threat', () => {
    const all = [
      judged({ remedy: 'held' }),
      judged({ sha256: null }),
      judged({ verdict: 'NoThreatsFound' }),
      judged({ verdict: 'Unknown' }),
    ];
    expect(forLevel('Full', ...all)).toEqual({ proposed: [], held: 1, unanswered: 1 });
  });
});
