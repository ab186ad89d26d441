import type { OrderKind } from '@merlon/contract';
import { describe, expect, it } from 'vitest';
import { missingProof } from './proof.ts';

const none = { results: new Map<string, string>() };
const file = { algorithm: 'Sha1', value: 'a'.repeat(40) };

describe('the proof in a receipt', () => {
  it.each<[string, OrderKind, Record<string, unknown>, Record<string, unknown>, RegExp | null]>([
    ['isolated', 'Isolate', { isolationType: 'Full' }, { after: { isolation: 'Full' } }, null],
    [
      'less than ordered',
      'Isolate',
      { isolationType: 'Full' },
      { after: { isolation: 'Selective' } },
      /"Selective", not Full/,
    ],
    ['nothing shown', 'Isolate', { isolationType: 'Full' }, {}, /nothing, not Full/],
    ['released', 'Unisolate', {}, { after: { isolation: 'None' } }, null],
    ['still isolated', 'Unisolate', {}, { after: { isolation: 'Full' } }, /"Full", not None/],
    ['restricted', 'RestrictCodeExecution', {}, { after: { restricted: true } }, null],
    ['not restricted', 'RestrictCodeExecution', {}, { after: null }, /not in force/],
    ['unrestricted', 'UnrestrictCodeExecution', {}, { after: { restricted: false } }, null],
    ['scanned', 'RunAntiVirusScan', { scanType: 'Quick' }, { scanType: 'Quick', files: 7 }, null],
    [
      'another scan',
      'RunAntiVirusScan',
      { scanType: 'Full' },
      { scanType: 'Quick', files: 7 },
      /was "Quick", not Full/,
    ],
    ['put away', 'StopAndQuarantineFile', { file }, { moved: [{ path: '/tmp/x' }] }, null],
    ['nothing put away', 'StopAndQuarantineFile', { file }, { moved: [] }, /no file/],
    ['put back', 'RestoreQuarantinedFile', { file }, { restored: [{ path: '/tmp/x' }] }, null],
    [
      'a package that never came',
      'CollectInvestigationPackage',
      {},
      { file: 'package.zip', sha256: 'b' },
      /never came/,
    ],
    ['commands left out', 'LiveResponse', { commands: [{}, {}] }, { commands: [{}] }, /each command/],
  ])('of %s', (_, type, params, evidence, expected) => {
    const missing = missingProof({ type, params }, evidence, none);
    if (expected) expect(missing).toMatch(expected);
    else expect(missing).toBeNull();
  });

  it('of a batch needs every command completed, and what each yields', () => {
    const params = {
      commands: [
        { index: 0, type: 'PutFile', fileName: 'a', sha256: 'a'.repeat(64), size: 1 },
        { index: 1, type: 'GetFile', path: '/a', maxBytes: 10 },
      ],
    };
    const report = (index: number, commandStatus = 'Completed') => ({
      index,
      commandStatus,
      startTime: null,
      endTime: null,
      errors: [],
    });
    const missing = (commands: object[], results: ReadonlyMap<string, string>) =>
      missingProof({ type: 'LiveResponse', params }, { commands }, { results });
    const came = new Map([['1', 'b'.repeat(64)]]);
    expect(missing([report(0), report(1)], came)).toBeNull();
    expect(missing([report(0), report(1)], new Map())).toMatch(/command 1 yielded never came/);
    expect(missing([report(0), report(1, 'Created')], came)).toMatch(/command 1 is Created/);
    expect(missing([report(0), { index: 1 }], came)).toMatch(/each command/);
  });

  it('of a package needs the file itself, by its hash', () => {
    const results = new Map([['package.zip', 'b'.repeat(64)]]);
    const order = { type: 'CollectInvestigationPackage', params: { maxBytes: 1 } } as const;
    expect(missingProof(order, { file: 'package.zip', sha256: 'b'.repeat(64) }, { results })).toBeNull();
    expect(missingProof(order, { file: 'package.zip', sha256: 'c'.repeat(64) }, { results })).toMatch(
      /never came/,
    );
    expect(missingProof(order, { file: 'other', sha256: undefined }, { results })).toMatch(/never came/);
  });
});
