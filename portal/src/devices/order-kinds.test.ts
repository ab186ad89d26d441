import { describe, expect, it } from 'vitest';
import { orderKinds, orderOf } from './order-kinds.ts';

describe('orders', () => {
  it('take the usual choice where none was made', () => {
    expect(orderOf('Isolate', { choice: '', sha1: '' })).toEqual({ type: 'Isolate', IsolationType: 'Full' });
    expect(orderOf('RunAntiVirusScan', { choice: 'Full', sha1: '' })).toEqual({
      type: 'RunAntiVirusScan',
      ScanType: 'Full',
    });
  });

  it('need a file where they are about one', () => {
    expect(orderOf('StopAndQuarantineFile', { choice: '', sha1: 'abc' })).toBeNull();
    expect(orderOf('RestoreQuarantinedFile', { choice: '', sha1: ` ${'A'.repeat(40)} ` })).toEqual({
      type: 'RestoreQuarantinedFile',
      Sha1: 'a'.repeat(40),
    });
  });

  it('each say what happens', () => {
    for (const kind of Object.values(orderKinds)) expect(kind.text).toMatch(/\.$/);
  });
});
