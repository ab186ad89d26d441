import type { AlertEvidence } from '@merlon/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LinkFacts, linkBetween, linkFacts, linksOf, placeOf } from './incident-link.ts';

const HOUR = 3_600_000;
const NONE: AlertEvidence = {
  entityType: 'File',
  evidenceCreationTime: null,
  sha1: null,
  sha256: null,
  fileName: null,
  filePath: null,
  processId: null,
  processCommandLine: null,
  processCreationTime: null,
  parentProcessId: null,
  parentProcessCreationTime: null,
  parentProcessFileName: null,
  parentProcessFilePath: null,
  ipAddress: null,
  url: null,
  registryKey: null,
  registryHive: null,
  registryValueType: null,
  registryValueName: null,
  registryValue: null,
  accountName: null,
  domainName: null,
  userSid: null,
  aadUserId: null,
  userPrincipalName: null,
  detectionStatus: null,
};
const file = (sha1: string): AlertEvidence => ({ ...NONE, sha1 });
const ip = (ipAddress: string): AlertEvidence => ({ ...NONE, entityType: 'Ip', ipAddress });
const url = (address: string): AlertEvidence => ({ ...NONE, entityType: 'Url', url: address });
const user = (accountName: string, domainName = 'corp'): AlertEvidence => ({
  ...NONE,
  entityType: 'User',
  accountName,
  domainName,
});
const process = (id: number, parent: number): AlertEvidence => ({
  ...NONE,
  entityType: 'Process',
  sha1: 'ba5h',
  processId: id,
  processCreationTime: `2026-11-25T10:00:0${id % 10}.0000000Z`,
  parentProcessId: parent,
  parentProcessCreationTime: `2026-11-25T10:00:0${parent % 10}.0000000Z`,
});

function alert(
  alertId: string,
  deviceId: string,
  hour: number,
  incident: number,
  ...evidence: AlertEvidence[]
): LinkFacts {
  return linkFacts({ alertId, deviceId, incident, first: hour * HOUR, last: hour * HOUR }, evidence);
}

describe('a link between two alerts', () => {
  it.each([
    [
      'a process and its child, days apart',
      alert('a', 'd', 0, 1, process(3, 2)),
      alert('b', 'd', 100, 2, process(4, 3)),
      'ProcessLineage',
    ],
    [
      'the same numbers on another device',
      alert('a', 'd', 0, 1, process(3, 2)),
      alert('b', 'e', 0, 2, process(4, 3)),
      null,
    ],
    [
      'a file in two places',
      alert('a', 'd', 0, 1, file('AA')),
      alert('b', 'e', 23, 2, file('aa')),
      'SameFile',
    ],
    ['the same file, too late', alert('a', 'd', 0, 1, file('aa')), alert('b', 'e', 25, 2, file('aa')), null],
    ['images of processes', alert('a', 'd', 0, 1, process(3, 2)), alert('b', 'e', 0, 2, process(3, 2)), null],
    [
      'a host, whatever the path',
      alert('a', 'd', 0, 1, url('https://Evil.example/a?b')),
      alert('b', 'e', 1, 2, url('evil.example')),
      'SameUrl',
    ],
    [
      'an address of the internet',
      alert('a', 'd', 0, 1, ip('203.0.113.7')),
      alert('b', 'e', 1, 2, ip('203.0.113.7')),
      'SameIp',
    ],
    [
      'an address of every home',
      alert('a', 'd', 0, 1, ip('192.168.1.1')),
      alert('b', 'e', 1, 2, ip('192.168.1.1')),
      null,
    ],
    ['a person', alert('a', 'd', 0, 1, user('Ann')), alert('b', 'e', 2, 2, user('ann', 'CORP')), 'SameUser'],
    [
      'the account of the system',
      alert('a', 'd', 0, 1, user('root')),
      alert('b', 'e', 0, 2, user('root')),
      null,
    ],
    [
      'the account of a machine',
      alert('a', 'd', 0, 1, user('PC7$')),
      alert('b', 'e', 0, 2, user('PC7$')),
      null,
    ],
    ['one device, close in time', alert('a', 'd', 0, 1), alert('b', 'd', 1, 2), 'ProximateTime'],
    ['one device, hours apart', alert('a', 'd', 0, 1), alert('b', 'd', 1.1, 2), null],
  ])('%s', (_, one, other, reason) => {
    expect(linkBetween(one, other)).toBe(reason);
    expect(linkBetween(other, one)).toBe(reason);
  });

  it('is the strongest of several, one to an incident', () => {
    const links = linksOf(alert('new', 'd', 10, 0, file('aa'), user('ann')), [
      alert('a', 'd', 10, 7),
      alert('b', 'e', 10, 7, file('aa')),
      alert('c', 'e', 10, 5, user('ann')),
      alert('d', 'f', 1, 9),
    ]);
    expect(links).toEqual([
      { reason: 'SameFile', alertId: 'b', incident: 7 },
      { reason: 'SameUser', alertId: 'c', incident: 5 },
    ]);
  });
});

describe('the place of an alert', () => {
  it('is nowhere without a link', () => {
    expect(placeOf([], null)).toBeNull();
  });
  it('is with the strongest link, and a weak one joins nothing', () => {
    expect(
      placeOf(
        [
          { reason: 'SameUser', alertId: 'a', incident: 7 },
          { reason: 'ProximateTime', alertId: 'b', incident: 3 },
        ],
        null,
      ),
    ).toEqual({ into: 7, absorbed: [] });
  });
  it('makes one of incidents that it ties together: the oldest', () => {
    const links = [
      { reason: 'ProcessLineage', alertId: 'a', incident: 7 },
      { reason: 'SameFile', alertId: 'b', incident: 3 },
      { reason: 'ProximateTime', alertId: 'c', incident: 1 },
    ] as const;
    expect(placeOf(links, null)).toEqual({ into: 3, absorbed: [7] });
    expect(placeOf(links, 5)).toEqual({ into: 3, absorbed: [5, 7] });
    expect(placeOf(links, 2)).toEqual({ into: 2, absorbed: [7, 3] });
  });
  it('does not change for a weak reason', () => {
    expect(placeOf([{ reason: 'SameUser', alertId: 'a', incident: 3 }], 5)).toBeNull();
  });

  it('never absorbs what it goes into, whatever the alerts', () => {
    const evidence = fc.constantFrom(
      file('aa'),
      file('bb'),
      ip('203.0.113.7'),
      user('ann'),
      url('evil.example'),
    );
    const facts = fc
      .record({
        device: fc.constantFrom('d', 'e'),
        hour: fc.integer({ min: 0, max: 30 }),
        incident: fc.integer({ min: 1, max: 5 }),
        evidence: fc.array(evidence, { maxLength: 3 }),
        id: fc.uuid(),
      })
      .map(({ device, hour, incident, evidence: e, id }) => alert(id, device, hour, incident, ...e));
    fc.assert(
      fc.property(facts, fc.array(facts, { maxLength: 12 }), (one, others) => {
        const links = linksOf({ ...one, incident: 0 }, others);
        expect(new Set(links.map(({ incident }) => incident)).size).toBe(links.length);
        const place = placeOf(links, null);
        expect(place === null).toBe(links.length === 0);
        if (place !== null) {
          expect(place.absorbed).not.toContain(place.into);
          expect(place.absorbed.every((incident) => incident > place.into)).toBe(true);
        }
      }),
    );
  });
});
