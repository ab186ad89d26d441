import { describe, expect, it } from 'vitest';
import { agentHealth, type HealthFacts, type SessionView } from './agent-health.ts';

const session: SessionView = {
  channelState: 'Open',
  channelSince: new Date(0),
  channelProblem: null,
  sendProblem: null,
  sensors: [{ source: 'process', provider: 'ebpf', state: 'Running', events: 1, lost: 0 }],
  spool: { batches: 0, bytes: 0, pendingRows: 0, droppedRows: 0, rejectedRows: 0 },
  spoolMaxBytes: 100,
  clockOffsetMs: 0,
  lastOrderSeq: 0,
};
const facts: HealthFacts = {
  version: '1',
  onboarding: 'Enrolled',
  tenantId: 't',
  deviceId: 'd',
  serverUrl: 'https://a',
  tag: null,
  isolation: 'None',
  isolationWanted: 'None',
  executionRestricted: false,
  executionRestrictionWanted: false,
  dismissed: null,
  session,
};

describe('agentHealth', () => {
  it('is healthy when everything works', () => {
    expect(agentHealth(facts)).toMatchObject({ healthy: true, health_issues: [] });
  });

  it.each<[Partial<HealthFacts>, RegExp]>([
    [{ onboarding: 'NotOnboarded', session: null }, /not onboarded/],
    [{ dismissed: 'offboarded', session: null }, /sent this device away: offboarded/],
    [{ isolationWanted: 'Full' }, /Full is wanted but None/],
    [{ executionRestrictionWanted: true }, /to be restricted, but is not/],
    [{ session: { ...session, channelState: 'Waiting', channelProblem: 'refused' } }, /not open: refused/],
    [{ session: { ...session, sendProblem: '503' } }, /cannot be sent: 503/],
    [{ session: { ...session, spool: { ...session.spool, bytes: 95 } } }, /nearly full/],
    [
      {
        session: {
          ...session,
          sensors: [
            {
              source: 'file',
              provider: 'fanotify',
              state: 'Unavailable',
              reason: 'EPERM',
              events: 0,
              lost: 0,
            },
          ],
        },
      },
      /sensor file is unavailable: EPERM/,
    ],
  ])('names the issue of %j', (change, issue) => {
    const { healthy, health_issues } = agentHealth({ ...facts, ...change });
    expect(healthy).toBe(false);
    expect(JSON.stringify(health_issues)).toMatch(issue);
  });
});
