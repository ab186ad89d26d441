import type { QueryScope } from '../index.ts';

export const tenantA = '11111111-1111-1111-1111-111111111111';
export const tenantB = '22222222-2222-2222-2222-222222222222';
export const now = new Date('2026-11-24T12:00:00.000Z');
export const wholeTenant: QueryScope = { tenantId: tenantA, deviceGroups: 'all' };
