import type { AlertSeverity } from '@merlon/contract';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { type AlertMessage, bundled, headline, LISTED, unlisted } from './alert-message.ts';
import { emailText } from './channels/email.ts';
import { slackMessage } from './channels/slack.ts';
import { teamsMessage } from './channels/teams.ts';
import { begun, dueMs, emptyOutbox, failed, gathered, sent, stateOf, waitingCount } from './rule-outbox.ts';

// Properties are tried many times, on machines that have other work.
vi.setConfig({ testTimeout: 30_000 });

const HOUR = 3_600_000;
const pace = { digestMinutes: 0, maxPerHour: 2 };
const alert = (n: number, more: object = {}) => ({
  id: `da${n}_0`,
  title: `Finding ${n}`,
  severity: 'High' as AlertSeverity,
  category: 'Execution',
  detectionSource: 'CustomDetection',
  deviceId: 'd',
  deviceName: 'srv-1',
  createdAt: '2026-11-25T14:00:00.000Z',
  ...more,
});
const alerts = (count: number) => Array.from({ length: count }, (_, n) => alert(n));

describe('the outbox of a rule', () => {
  it('sends at once, and one message for all that came', () => {
    const one = gathered(emptyOutbox, alerts(1_000), 5);
    expect(stateOf(one, true)).toBe('Gathering');
    expect(dueMs(one, pace, 5)).toBe(5);
    const sending = begun(one, () => 'm1', 5);
    expect(sending.sending).toMatchObject({ id: 'm1', count: 1_000, bySeverity: { High: 1_000 } });
    expect(sending.sending?.alerts).toHaveLength(LISTED);
    expect(stateOf(sending, true)).toBe('Sending');
    expect(stateOf(sent(sending, 6), true)).toBe('Idle');
  });

  it('waits for the digest from the first alert on', () => {
    const digest = { ...pace, digestMinutes: 10 };
    const first = gathered(emptyOutbox, alerts(1), 1_000);
    const second = gathered(first, alerts(1), 300_000);
    expect(dueMs(second, digest, 300_000)).toBe(601_000);
  });

  it('sends no more an hour than it may, and loses nothing of what comes beyond', () => {
    let outbox = emptyOutbox;
    for (const at of [0, 1_000])
      outbox = sent(
        begun(gathered(outbox, alerts(1), at), () => 'm', at),
        at,
      );
    outbox = gathered(outbox, alerts(3), 2_000);
    expect(dueMs(outbox, pace, 2_000)).toBe(HOUR);
    outbox = gathered(outbox, alerts(4), 3_000);
    expect(waitingCount(outbox)).toBe(7);
    expect(dueMs(outbox, pace, HOUR + 1)).toBe(2_000);
  });

  it('keeps the message that is on its way as it is, and gathers beside it', () => {
    let outbox = begun(gathered(emptyOutbox, alerts(1), 0), () => 'm1', 0);
    outbox = failed(outbox, undefined, 10).outbox;
    expect(stateOf(outbox, true)).toBe('Retrying');
    outbox = gathered(outbox, alerts(2), 20);
    outbox = begun(outbox, () => 'm2', 30);
    expect(outbox.sending).toMatchObject({ id: 'm1', count: 1, attempts: 1 });
    expect(waitingCount(outbox)).toBe(3);
    expect(begun(sent(outbox, 40), () => 'm2', 40).sending).toMatchObject({ id: 'm2', count: 2 });
  });

  it('waits longer from try to try, as long as it is asked to, and gives up after a day', () => {
    let outbox = begun(gathered(emptyOutbox, alerts(3), 0), () => 'm1', 0);
    const waits: number[] = [];
    let now = 0;
    for (let n = 0; n < 12; n++) {
      outbox = failed(outbox, undefined, now).outbox;
      waits.push((outbox.sending?.notBeforeMs ?? 0) - now);
      now = outbox.sending?.notBeforeMs ?? now;
    }
    expect(waits.slice(0, 3)).toEqual([15_000, 30_000, 60_000]);
    expect(waits.at(-1)).toBe(30 * 60_000);
    expect((failed(outbox, 40 * 60_000, now).outbox.sending?.notBeforeMs ?? 0) - now).toBe(40 * 60_000);
    expect(failed(outbox, undefined, 24 * HOUR)).toEqual({
      outbox: expect.objectContaining({ sending: null }),
      givenUp: 3,
    });
  });
});

const message = (bundle: ReturnType<typeof bundled>, more: Partial<AlertMessage> = {}): AlertMessage => ({
  ...bundle,
  id: 'm1',
  ruleId: 'r',
  ruleName: 'Rule',
  isTest: false,
  linkOf: (id) => `https://merlon.example/alerts/${id}`,
  portalLink: 'https://merlon.example/alerts',
  ...more,
});

/** Every string in a value, with the names of the members on the way. */
function texts(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) => texts(member, `${path}.${name}`));
}

describe('a message', () => {
  it('says what one alert is, or how many of which severity, on one line', () => {
    expect(headline(message(bundled(null, [alert(1)])))).toBe('High: Finding 1 on srv-1');
    const many = bundled(null, [...alerts(3), alert(9, { severity: 'Low' })]);
    expect(headline(message(many, { isTest: true }))).toBe('Test: 4 alerts: 3 High, 1 Low');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (title) => {
        expect(headline(message(bundled(null, [alert(1, { title })])))).not.toMatch(/[\r\n]/);
      }),
    );
  });

  it('lists some and counts the rest', () => {
    const many = bundled(null, alerts(50));
    expect(unlisted(many)).toBe('and 30 more');
    expect(emailText(message(many))).toContain('and 30 more');
    expect(JSON.stringify(slackMessage(message(many)))).toContain('and 40 more');
    expect(JSON.stringify(teamsMessage(message(many)))).toContain('and 40 more');
  });

  it('stays within what Slack and Teams take, however long the names are', () => {
    const long = Array.from({ length: 20 }, (_, n) => alert(n, { title: 'x'.repeat(5_000) }));
    const slack = slackMessage(message(bundled(null, long))) as { blocks: { text: { text: string } }[] };
    expect(slack.blocks.length).toBeLessThanOrEqual(50);
    for (const { text } of slack.blocks) expect(text.text.length).toBeLessThanOrEqual(3_000);
    expect(Buffer.byteLength(JSON.stringify(teamsMessage(message(bundled(null, long)))))).toBeLessThan(
      28_000,
    );
  });

  it('shows names of devices as they are, and never as markup', () => {
    const title = '<!channel> [click](https://evil.example) *x* <https://evil.example|y>';
    const one = message(bundled(null, [alert(1, { title })]));
    const slack = slackMessage(one) as { text: string; blocks: { text: { type: string } }[] };
    expect(slack.text).toContain('&lt;!channel&gt;');
    expect(slack.blocks.every(({ text }) => text.type === 'plain_text')).toBe(true);
    for (const [path, text] of texts(teamsMessage(one)))
      if (text.includes('evil')) expect(path).toMatch(/\.inlines\.\d+\.text$/);
  });
});
