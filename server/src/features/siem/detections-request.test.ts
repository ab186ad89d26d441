import { ApiError } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { readDetectionsRequest } from './detections-request.ts';

const NOW = new Date('2026-11-25T12:00:00.000Z');
const read = (query: string) => readDetectionsRequest(`/siem/api/alerts${query}`, NOW);
const iso = (date: Date | null) => date?.toISOString() ?? null;

describe('a request for detections', () => {
  it('is about the last two hours when it says nothing', () => {
    expect(read('')).toEqual({
      since: new Date('2026-11-25T10:00:00Z'),
      until: null,
      newest: null,
      deviceGroups: [],
      deviceTag: null,
      manualTags: [],
    });
  });

  it.each([
    ['2026-11-25T09:30:00.1234000Z', '2026-11-25T09:30:00.124Z'],
    ['2026-11-25T09:30:00.1230000Z', '2026-11-25T09:30:00.123Z'],
    ['2026-11-25T09:30:00Z', '2026-11-25T09:30:00.000Z'],
    ['2026-11-25T09:30:00.5', '2026-11-25T09:30:00.500Z'],
    ['2026-11-25T09:30', '2026-11-25T09:30:00.000Z'],
    ['2026-11-25', '2026-11-25T00:00:00.000Z'],
    ['2026-11-25T11:30:00%2B02:00', '2026-11-25T09:30:00.000Z'],
    ['2026-11-25T11:30:00+02:00', '2026-11-25T09:30:00.000Z'],
    ['2026-11-25T07:30:00-02:00', '2026-11-25T09:30:00.000Z'],
    ['2026-11-25%2009:30:00', '2026-11-25T09:30:00.000Z'],
  ])('begins at sinceTimeUtc=%s', (text, expected) => {
    expect(iso(read(`?sinceTimeUtc=${text}`).since)).toBe(expected);
  });

  it('ends at untilTimeUtc, two hours after its beginning when that is left out', () => {
    const asked = read('?untilTimeUtc=2026-11-24T08:00:00.9999999Z');
    expect([iso(asked.since), iso(asked.until)]).toEqual([
      '2026-11-24T06:00:00.999Z',
      '2026-11-24T08:00:00.999Z',
    ]);
  });

  it.each([
    ['PT10M', '2026-11-25T11:50:00.000Z'],
    ['pt1h30m', '2026-11-25T10:30:00.000Z'],
    ['P1D', '2026-11-24T12:00:00.000Z'],
    ['P1W', '2026-11-18T12:00:00.000Z'],
    ['PT0.5S', '2026-11-25T11:59:59.500Z'],
  ])('goes back by ago=%s', (text, expected) => {
    expect(iso(read(`?ago=${text}`).since)).toBe(expected);
  });

  it('takes its parameters in any case, and some of them more than once', () => {
    expect(
      read(
        '?MachineGroups=Servers&machinegroups=Paris%20office&devicecreatedmachinetags=Lab&CloudCreatedMachineTags=a&cloudcreatedmachinetags=b&LIMIT=5&ago=',
      ),
    ).toMatchObject({
      deviceGroups: ['servers', 'paris office'],
      deviceTag: 'Lab',
      manualTags: ['a', 'b'],
      newest: 5,
    });
  });

  it.each([
    ['?sinceTimeUtc=yesterday', 'sinceTimeUtc'],
    ['?sinceTimeUtc=2026-02-30T00:00:00Z', 'sinceTimeUtc'],
    ['?sinceTimeUtc=2026-11-25T25:00:00Z', 'sinceTimeUtc'],
    ['?sinceTimeUtc=$START_AT_TIME', 'sinceTimeUtc'],
    ['?sinceTimeUtc=2026-11-25&sinceTimeUtc=2026-11-24', 'sinceTimeUtc'],
    ['?sinceTimeUtc=2026-11-25&untilTimeUtc=2026-11-24', 'sinceTimeUtc'],
    ['?untilTimeUtc=1', 'untilTimeUtc'],
    ['?ago=10m', 'ago'],
    ['?ago=P', 'ago'],
    ['?ago=P1Y', 'ago'],
    ['?ago=P9999W', 'ago'],
    ['?ago=PT1H&sinceTimeUtc=2026-11-25', 'ago'],
    ['?limit=0', 'limit'],
    ['?limit=-1', 'limit'],
    ['?limit=1e3', 'limit'],
    ['?limit=99999999', 'limit'],
    ['?limit=1&limit=2', 'limit'],
    ['?DeviceCreatedMachineTags=a&DeviceCreatedMachineTags=b', 'DeviceCreatedMachineTags'],
    ['?$filter=severity', '$filter'],
  ])('%s is refused by name', (query, name) => {
    let refused: unknown;
    try {
      read(query);
    } catch (error) {
      refused = error;
    }
    expect(refused).toBeInstanceOf(ApiError);
    expect(refused).toMatchObject({ code: 'InvalidInput', status: 400 });
    expect((refused as ApiError).publicMessage).toContain(`'${name}'`);
  });
});
