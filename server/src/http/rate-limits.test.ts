import { ApiError } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { DEFAULT_QUOTA, quotaOf, RateLimiter, readQuotaFactors } from './rate-limits.ts';
import type { Caller } from './route.ts';

const caller = (change: Partial<Caller> = {}): Caller => ({
  tenantId: 't',
  kind: 'application',
  id: 'app',
  name: 'app',
  clientId: 'app',
  portal: false,
  permissions: new Set(),
  roles: new Set(),
  standing: new Set(),
  deviceGroups: 'all',
  ...change,
});

function setup() {
  let now = 1_000_000;
  const limiter = new RateLimiter({ now: () => new Date(now) });
  const take = (who: Caller, route = 'r', quota = { perMinute: 3, perHour: 5 }): number | null => {
    try {
      limiter.take(route, quota, who);
      return null;
    } catch (error) {
      if (error instanceof ApiError && error.code === 'TooManyRequests') return error.retryAfterSeconds ?? 0;
      throw error;
    }
  };
  return { take, pass: (seconds: number) => (now += seconds * 1_000) };
}

describe('quotas', () => {
  it('follow the documented table, whatever the case and the names of parameters', () => {
    expect(quotaOf('POST', '/api/advancedqueries/run')).toEqual({});
    expect(quotaOf('POST', '/api/alerts/batchUpdate')).toEqual({ perMinute: 10, perHour: 500 });
    expect(quotaOf('GET', '/api/machineactions/:actionId/getPackageUri')).toEqual({
      perMinute: 2,
      perHour: 120,
    });
    expect(quotaOf('GET', '/api/machines/SoftwareInventoryExport')).toEqual({ perMinute: 5, perHour: 20 });
    expect(quotaOf('GET', '/api/machines')).toBe(DEFAULT_QUOTA);
  });

  it('refuse the call over the limit, and say when to come again', () => {
    const { take, pass } = setup();
    expect([take(caller()), take(caller()), take(caller())]).toEqual([null, null, null]);
    pass(20);
    expect(take(caller())).toBe(40);
    pass(40);
    expect([take(caller()), take(caller())]).toEqual([null, null]);
    expect(take(caller())).toBe(3_540);
    pass(3_540);
    expect(take(caller())).toBeNull();
  });

  it('begin anew when their own time is over', () => {
    const { take, pass } = setup();
    take(caller({ clientId: 'early' }));
    pass(30);
    for (let i = 0; i < 3; i += 1) take(caller());
    pass(31);
    take(caller({ clientId: 'early' }));
    pass(34);
    expect(take(caller())).toBeNull();
  });

  it('are counted apart for each application, tenant, user and route', () => {
    const { take } = setup();
    for (let i = 0; i < 3; i += 1) take(caller());
    expect(take(caller())).not.toBeNull();
    expect(take(caller({ clientId: 'other' }))).toBeNull();
    expect(take(caller({ tenantId: 'other' }))).toBeNull();
    expect(take(caller({ kind: 'user', id: 'u' }))).toBeNull();
    expect(take(caller(), 'other')).toBeNull();
  });

  it('are told to the caller as they stand', () => {
    let now = 1_000_000;
    const limiter = new RateLimiter({ now: () => new Date(now) });
    const quota = { perMinute: 3, perHour: 5 };
    expect(limiter.left('r', quota, caller())).toEqual([
      { per: 'minute', limit: 3, used: 0, resetsAt: null },
      { per: 'hour', limit: 5, used: 0, resetsAt: null },
    ]);
    limiter.take('r', quota, caller());
    now += 60_000;
    expect(limiter.left('r', quota, caller())).toEqual([
      { per: 'minute', limit: 3, used: 0, resetsAt: null },
      { per: 'hour', limit: 5, used: 1, resetsAt: new Date(1_000_000 + 3_600_000) },
    ]);
  });

  it('grow and shrink with the factor of an application', () => {
    const [wide, narrow] = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-22222222222a'];
    const factors = readQuotaFactors(JSON.stringify({ [wide]: 2, [narrow.toUpperCase()]: 0.1 }));
    const limiter = new RateLimiter({ now: () => new Date(0) }, factors);
    const most = (clientId: string) => limiter.left('r', { perMinute: 3 }, caller({ clientId }))[0]?.limit;
    expect([most(wide), most(narrow), most('other')]).toEqual([6, 1, 3]);
  });

  it.each(['[]', 'x', '{"me": 2}', '{"11111111-1111-4111-8111-111111111111": 0}'])(
    'take no factors from %s',
    (text) => {
      expect(() => readQuotaFactors(text)).toThrow();
    },
  );

  it('leave the portal room of its own', () => {
    const { take } = setup();
    const person = caller({ kind: 'user', portal: true });
    for (let i = 0; i < 1_200; i += 1) expect(take(person)).toBeNull();
    expect(take(person)).toBe(60);
  });
});
