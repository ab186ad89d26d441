import type { MachineAction } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { containmentOf } from './containment.ts';

const action = (type: string, status: string) => ({ id: `${type} ${status}`, type, status }) as MachineAction;

describe('what binds a device', () => {
  it('is what the last order that succeeded says', () => {
    expect(containmentOf([])).toMatchObject({ isolated: false, restricted: false });
    expect(
      containmentOf([
        action('Unisolate', 'Failed'),
        action('RunAntiVirusScan', 'Succeeded'),
        action('Isolate', 'Succeeded'),
        action('Unisolate', 'Succeeded'),
      ]).isolated,
    ).toBe(true);
    expect(
      containmentOf([
        action('UnrestrictCodeExecution', 'Succeeded'),
        action('RestrictCodeExecution', 'Succeeded'),
      ]).restricted,
    ).toBe(false);
  });

  it('names what is under way, the newest of a kind', () => {
    const { pending } = containmentOf([
      action('Isolate', 'InProgress'),
      action('Isolate', 'Pending'),
      action('RunAntiVirusScan', 'Cancelled'),
    ]);
    expect([...pending.keys()]).toEqual(['Isolate']);
    expect(pending.get('Isolate')?.status).toBe('InProgress');
  });
});
