import { expect, it } from 'vitest';
import { ReportBudget } from './report-budget.ts';

it('counts by address and by package, a minute at a time, and says how long to wait', () => {
  const budget = new ReportBudget({ perAddress: 2, perPackage: 3 });
  const at = (seconds: number) => 600_000 + seconds * 1000;
  expect([budget.take('a', 'p', at(0)), budget.take('a', 'p', at(1))]).toEqual([0, 0]);
  expect(budget.take('a', 'p', at(10))).toBe(50);
  expect(budget.take('b', 'p', at(10))).toBe(0);
  // The package is full now, whatever the address.
  expect(budget.take('c', 'p', at(59))).toBe(1);
  expect(budget.take('c', 'q', at(59))).toBe(0);
  expect(budget.take('a', 'p', at(60))).toBe(0);
});
