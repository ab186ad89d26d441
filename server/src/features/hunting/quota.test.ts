import { ApiError } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import type { Caller } from '../../http/route.ts';
import { HUNTING_DEFAULTS, runLimits } from './limits.ts';
import { exhausted, limitsOf, meterOf, quotaError, windowEnd, windowStart, windowsOf } from './quota.ts';

const at = new Date('2026-11-25T10:20:30Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('quotas', () => {
  it('are those of the service', () => {
    const words = (meter: 'api' | 'xdr' | 'portal') =>
      limitsOf(meter, HUNTING_DEFAULTS).map(({ of, most, windowMs }) => [of, most, windowMs / MINUTE]);
    expect(words('api')).toEqual([
      ['calls', 45, 1],
      ['calls', 1_500, 60],
      ['runTime', 600_000, 60],
      ['runTime', 10_800_000, 1_440],
    ]);
    expect(words('xdr')).toEqual([
      ['calls', 45, 1],
      ['runTime', 900_000, 15],
    ]);
    expect(words('portal').map(([of]) => of)).toEqual(['runTime', 'runTime']);
  });

  it('are as many times those of the service as an application is given', () => {
    const most = (factor: number) => limitsOf('api', HUNTING_DEFAULTS, factor).map((limit) => limit.most);
    expect(most(2)).toEqual([90, 3_000, 1_200_000, 21_600_000]);
    expect(most(0.001)).toEqual([1, 1, 600, 10_800]);
  });

  it('are counted in windows that begin on the clock', () => {
    const starts = [MINUTE, 15 * MINUTE, HOUR, 24 * HOUR].map((ms) =>
      windowStart(at, ms).toISOString().slice(0, 19),
    );
    expect(starts).toEqual([
      '2026-11-25T10:20:00',
      '2026-11-25T10:15:00',
      '2026-11-25T10:00:00',
      '2026-11-25T00:00:00',
    ]);
    expect(windowEnd(at, HOUR).toISOString()).toBe('2026-11-25T11:00:00.000Z');
    expect(windowsOf(limitsOf('api', HUNTING_DEFAULTS))).toEqual([MINUTE, HOUR, 24 * HOUR]);
  });

  it('refuse the call after the last one, by the window that lasts longest', () => {
    const limits = limitsOf('api', HUNTING_DEFAULTS);
    const usage = (minute: number, hour: number, runMs: number) => [
      { windowMs: MINUTE, calls: minute, runMs },
      { windowMs: HOUR, calls: hour, runMs },
      { windowMs: 24 * HOUR, calls: hour, runMs },
    ];
    expect(exhausted(limits, usage(44, 1_499, 599_999))).toBeNull();
    expect(exhausted(limits, usage(45, 45, 0))).toMatchObject({ of: 'calls', windowMs: MINUTE });
    expect(exhausted(limits, usage(45, 45, 600_000))).toMatchObject({ of: 'runTime', windowMs: HOUR });
    expect(exhausted(limits, usage(45, 1_500, 10_800_000))).toMatchObject({
      of: 'runTime',
      windowMs: 24 * HOUR,
    });
    expect(exhausted(limits, [])).toBeNull();
  });

  it('say what ran out and when there is more', () => {
    const calls = quotaError({ of: 'calls', windowMs: MINUTE, most: 45 }, at);
    expect(calls).toBeInstanceOf(ApiError);
    expect(calls).toMatchObject({
      code: 'TooManyRequests',
      retryAfterSeconds: 30,
      publicMessage: expect.stringMatching(/calls: 45 per minute.*30 seconds/),
    });
    expect(quotaError({ of: 'runTime', windowMs: HOUR, most: 600_000 }, at)).toMatchObject({
      retryAfterSeconds: 39 * 60 + 30,
      publicMessage: expect.stringMatching(/run time.*CPU.*600 seconds per hour/),
    });
  });

  it('are those of an application, of a person through it, or of the portal of a tenant', () => {
    const application = { kind: 'application', tenantId: 't', clientId: 'c', id: 'c' } as Caller;
    const person = { kind: 'user', tenantId: 't', clientId: 'c', id: 'u' } as Caller;
    expect(meterOf('api', application)).toEqual({ name: 'api', subject: 'c' });
    expect(meterOf('xdr', application)).toEqual(meterOf('graph', application));
    expect(meterOf('api', person)).toEqual({ name: 'api', subject: 'c u' });
    expect(meterOf('portal', person)).toEqual({ name: 'portal', subject: 't' });
  });
});

describe('the limits of one query', () => {
  it('depend on where it comes in, unless the configuration says otherwise', () => {
    expect(runLimits('api', HUNTING_DEFAULTS, 4_000)).toEqual({
      maxSeconds: 200,
      maxRows: 100_000,
      maxBytes: 130_023_424,
      maxMemoryBytes: 1_000,
      lookbackDays: 30,
    });
    expect(runLimits('graph', HUNTING_DEFAULTS, 0).maxSeconds).toBe(180);
    expect(runLimits('portal', HUNTING_DEFAULTS, 0)).toMatchObject({ maxSeconds: 600, maxRows: 30_000 });
    const own = { ...HUNTING_DEFAULTS, maxSeconds: 5, maxRows: 10, maxMemoryBytes: 7 };
    expect(runLimits('portal', own, 4_000)).toMatchObject({ maxSeconds: 5, maxRows: 10, maxMemoryBytes: 7 });
  });
});
