import { ApiError, type IndicatorRequest } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { indicatorFields } from './indicator-request.ts';

const now = new Date('2026-11-25T12:00:00Z');
const request = (more: Partial<IndicatorRequest> = {}): IndicatorRequest => ({
  indicatorValue: 'evil.example',
  indicatorType: 'DomainName',
  action: 'Block',
  title: 'title',
  description: 'description',
  ...more,
});
const read = (more: Partial<IndicatorRequest> = {}) => indicatorFields(request(more), now);
const refusal = (more: Partial<IndicatorRequest>): string => {
  try {
    read(more);
  } catch (error) {
    if (error instanceof ApiError) return `${error.code} ${error.publicMessage}`;
    throw error;
  }
  throw new Error('it was taken');
};

describe('what a client says of an indicator', () => {
  it('is little when the rest goes without saying', () => {
    expect(read()).toMatchObject({
      type: 'DomainName',
      action: 'Block',
      severity: 'Informational',
      generateAlert: false,
      expiresAt: null,
      application: null,
      groups: { names: [], ids: [] },
      lookBackDays: null,
    });
  });

  it('takes choices in any letter case, and truth as text', () => {
    expect(
      read({ indicatorType: 'domainname', action: 'alertandblock', severity: 'HIGH', generateAlert: 'True' }),
    ).toMatchObject({
      type: 'DomainName',
      action: 'AlertAndBlock',
      severity: 'High',
      generateAlert: true,
      lookBackDays: 30,
    });
  });

  it.each([
    ['2026-12-01', '2026-12-01T00:00:00.000Z'],
    ['2026-12-01T10:00:00Z', '2026-12-01T10:00:00.000Z'],
    ['2026-12-01T10:00:00', '2026-12-01T10:00:00.000Z'],
    ['2026-12-01 10:00:00', '2026-12-01T10:00:00.000Z'],
    ['2026-12-01T10:00:00.1234567+02:00', '2026-12-01T08:00:00.123Z'],
  ])('expires at %s', (given, expected) => {
    expect(read({ expirationTime: given }).expiresAt?.toISOString()).toBe(expected);
  });

  it.each([
    [{ indicatorType: 'Imphash' }, "InvalidInput 'indicatorType'"],
    [{ action: 'Delete' }, "InvalidInput 'action'"],
    [{ severity: 'Grave' }, "InvalidInput 'severity'"],
    [{ action: 'BlockAndRemediate' }, 'InvalidInput The action of a DomainName'],
    [
      { indicatorType: 'CertificateThumbprint', indicatorValue: 'a'.repeat(40), action: 'Block' },
      'InvalidInput The action of a CertificateThumbprint',
    ],
    [{ action: 'Audit' }, 'InvalidInput generateAlert must be true'],
    [{ action: 'Audit', generateAlert: false }, 'InvalidInput generateAlert must be true'],
    [{ generateAlert: 'maybe' }, "InvalidInput 'generateAlert'"],
    [{ expirationTime: '2026-11-25T12:00:00Z' }, "InvalidInput 'expirationTime' must be in the future"],
    [{ expirationTime: 'tomorrow' }, "InvalidInput 'expirationTime' must be an ISO"],
    [{ expirationTime: '2026-13-45' }, "InvalidInput 'expirationTime' must be an ISO"],
    [{ title: ' ' }, "InvalidInput 'title'"],
    [{ educateUrl: 'teach me' }, "InvalidUrl 'educateUrl'"],
    [{ rbacGroupIds: ['one'] }, 'InvalidInput "one" is not the id'],
    [{ generateAlert: true, lookBackPeriod: 'P31D' }, "InvalidInput 'lookBackPeriod'"],
    [{ lookBackPeriod: 'soon' }, "InvalidInput 'lookBackPeriod'"],
  ] satisfies [Partial<IndicatorRequest>, string][])('is refused: %j', (more, expected) => {
    expect(refusal(more)).toContain(expected);
  });

  it('names device groups as a list, as one text, or by number', () => {
    expect(read({ rbacGroupNames: ['a', ' b ', 'a'] }).groups).toEqual({ names: ['a', 'b'], ids: [] });
    expect(read({ rbacGroupNames: 'a, b,' }).groups).toEqual({ names: ['a', 'b'], ids: [] });
    expect(read({ rbacGroupNames: null, rbacGroupIds: ['3', 4] }).groups).toEqual({ names: [], ids: [3, 4] });
  });

  it('never raises alerts for what is allowed, always for what is to alert', () => {
    expect(read({ action: 'Allowed', generateAlert: true }).generateAlert).toBe(false);
    expect(read({ action: 'Alert', generateAlert: false }).generateAlert).toBe(true);
  });

  it('takes an empty text for what was not said', () => {
    const empty = {
      severity: '',
      expirationTime: '',
      application: '',
      recommendedActions: '',
      externalId: '',
      educateUrl: '',
      lookBackPeriod: '',
      rbacGroupNames: '',
      generateAlert: '',
    };
    expect(read(empty)).toEqual(read());
  });

  it('looks back when it raises alerts, unless it is told not to', () => {
    expect(read({ generateAlert: true }).lookBackDays).toBe(30);
    expect(read({ generateAlert: true, historicalDetection: false }).lookBackDays).toBeNull();
    expect(read({ generateAlert: false, historicalDetection: true }).lookBackDays).toBeNull();
    expect(read({ generateAlert: true, lookBackPeriod: 'P7D' }).lookBackDays).toBe(7);
    expect(read({ generateAlert: true, lookBackPeriod: '5' }).lookBackDays).toBe(5);
  });
});
