import { describe, expect, it } from 'vitest';
import { Lineage, type ProcessRecord } from './lineage.ts';

const at = (second: number) => `2026-11-24T10:00:${String(second).padStart(2, '0')}.0000000Z`;
const process = (id: number, parent: number | null, more: Partial<ProcessRecord> = {}): ProcessRecord => ({
  processId: id,
  creationTime: at(id),
  fileName: `p${id}`,
  path: `/bin/p${id}`,
  commandLine: `p${id} --run`,
  sha1: null,
  sha256: null,
  accountName: null,
  accountDomain: null,
  accountSid: null,
  parent: parent === null ? null : { processId: parent, creationTime: at(parent), fileName: `p${parent}` },
  ...more,
});
const idsAbove = (lineage: Lineage, device: string, of: ProcessRecord, most = 10) =>
  lineage.ancestors(device, of, most).map((one) => one.processId);

describe('Lineage', () => {
  it('leads from a process to those that started it', () => {
    const lineage = new Lineage();
    for (const [id, parent] of [
      [2, 1],
      [3, 2],
      [4, 3],
    ] as const)
      lineage.add('d', process(id, parent), null);
    expect(idsAbove(lineage, 'd', process(4, 3))).toEqual([3, 2, 1]);
    expect(lineage.ancestors('d', process(4, 3), 10).at(-1)).toMatchObject({
      processId: 1,
      fileName: 'p1',
      path: null,
    });
    expect(idsAbove(lineage, 'd', process(4, 3), 2)).toEqual([3, 2]);
    expect(idsAbove(lineage, 'other', process(4, 3))).toEqual([3]);
  });

  it('knows a parent from what a child says, until the parent speaks for itself', () => {
    const lineage = new Lineage();
    lineage.add('d', process(3, 2), process(2, 1, { commandLine: 'told by 3' }));
    expect(lineage.find('d', process(2, 1))?.commandLine).toBe('told by 3');
    lineage.add('d', process(2, 1), null);
    lineage.add('d', process(4, 2), process(2, 1, { commandLine: 'told by 4' }));
    expect(lineage.find('d', process(2, 1))?.commandLine).toBe('p2 --run');
  });

  it('takes an id used again for another process, and trusts no id without a time', () => {
    const lineage = new Lineage();
    lineage.add('d', process(2, 1), null);
    expect(lineage.find('d', { processId: 2, creationTime: at(40) })).toBeNull();
    lineage.add('d', process(5, 1, { creationTime: null }), null);
    expect(lineage.size).toBe(1);
  });

  it('ends where a device claims a circle', () => {
    const lineage = new Lineage();
    lineage.add('d', process(2, 3), null);
    lineage.add('d', process(3, 2), null);
    expect(idsAbove(lineage, 'd', process(2, 3))).toEqual([3]);
    expect(idsAbove(lineage, 'd', process(4, 4))).toEqual([]);
  });

  it('forgets what a device has not used for long, not the parents still at work', () => {
    const lineage = new Lineage({ perDevice: 3, total: 100 });
    lineage.add('d', process(1, null), null);
    const told = process(1, null, { commandLine: 'told by a child' });
    for (const id of [2, 3, 4, 5, 6]) lineage.add('d', process(id, 1), told);
    expect(lineage.size).toBe(3);
    expect(lineage.find('d', process(1, null))?.commandLine).toBe('p1 --run');
    expect(lineage.find('d', process(4, 1))).toBeNull();
    expect(lineage.find('d', process(6, 1))).not.toBeNull();
  });

  it('forgets quiet devices first', () => {
    const lineage = new Lineage({ perDevice: 10, total: 3 });
    lineage.add('busy', process(1, null), null);
    lineage.add('quiet', process(2, null), null);
    lineage.add('quiet', process(3, null), null);
    lineage.add('busy', process(4, null), null);
    expect(lineage.size).toBe(3);
    expect(lineage.find('quiet', process(2, null))).toBeNull();
    for (const id of [1, 4]) expect(lineage.find('busy', process(id, null))).not.toBeNull();
    expect(lineage.find('quiet', process(3, null))).not.toBeNull();
  });
});
