import { describe, expect, it } from 'vitest';
import { recordedText } from '../../telemetry/recorded-query.ts';
import { PortalPages } from './portal-pages.ts';
import { shapeOf } from './query-text.ts';

describe('a recorded query', () => {
  it.each([
    ['externaldata(a:string) [h"https://x/?sig=s3cret"] | take 1', 's3cret'],
    ["externaldata(a:string) [h'https://x/?sig=s3cret'] | take 1", 's3cret'],
    ['externaldata(a:string) [H@"https://x/?sig=s3cret"] | take 1', 's3cret'],
    ['externaldata(a:string) [h```https://x/?sig=s3cret```] | take 1', 's3cret'],
    ['externaldata(a:string) [h"a\\"s3cret"] | take 1', 's3cret'],
  ])('%s keeps its secret', (text, secret) => {
    expect(recordedText(text)).not.toContain(secret);
    expect(recordedText(text)).toMatch(/^externaldata\(a:string\) \[h"\*\*\*"\] \| take 1$/);
  });

  it('keeps its secret also where the string never ends', () => {
    expect(recordedText('externaldata(a:string) [h"https://x/?sig=s3cret ] | take 1\n| take 2')).toBe(
      'externaldata(a:string) [h"***"\n| take 2',
    );
  });

  it('is otherwise as it was written', () => {
    for (const text of [
      'DeviceInfo | where Path has "h" and DeviceName == "with"',
      `DeviceInfo | where Path has 'h' and DeviceName == "h'x'"`,
      'DeviceInfo // h"x\n| where Url == "http://h" and Path == "a"',
      'DeviceInfo | where Path == @"c:\\h" and DeviceName == "a"',
      'DeviceInfo | where noh"x" == 1',
    ])
      expect(recordedText(text)).toBe(text);
  });

  it('is no longer than a record should be', () => {
    expect(recordedText('x'.repeat(300_000))).toHaveLength(32_769);
  });
});

describe('the pages of the portal', () => {
  const page = (until: string) =>
    `DeviceEvents | where Timestamp < datetime(${until}) and DeviceId == "a"  | take 50`;

  it('have one shape', () => {
    expect(shapeOf(page('2026-11-25T10:00:00.1234567Z'))).toBe(shapeOf(page('2026-11-24')));
    expect(shapeOf('DeviceEvents | take 1')).not.toBe(shapeOf('DeviceInfo | take 1'));
  });

  it('leave one record an hour, of each person', () => {
    let now = new Date('2026-11-25T10:00:00Z');
    const pages = new PortalPages({ now: () => now });
    const ann = { tenantId: 't', id: 'ann' };
    expect(pages.isAnother(ann, page('2026-11-25'))).toBe(false);
    expect(pages.isAnother(ann, page('2026-11-24'))).toBe(true);
    expect(pages.isAnother({ ...ann, id: 'bob' }, page('2026-11-24'))).toBe(false);
    expect(pages.isAnother({ ...ann, tenantId: 'u' }, page('2026-11-24'))).toBe(false);
    expect(pages.isAnother(ann, 'DeviceInfo | take 1')).toBe(false);
    now = new Date('2026-11-25T11:00:00Z');
    expect(pages.isAnother(ann, page('2026-11-23'))).toBe(false);
  });
});
