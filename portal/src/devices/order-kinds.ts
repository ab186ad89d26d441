/** What may be ordered on devices, as people are asked about it. */
import type { PortalPermission } from '@merlon/contract';
import type { Order } from '../api/orders.ts';

export type OrderType = Order['type'];

export interface OrderKind {
  /** On the button that opens the question. */
  readonly title: string;
  /** What happens. */
  readonly text: string;
  /** On the button that gives the order. */
  readonly verb: string;
  readonly needs: PortalPermission;
  /** What has to be chosen besides; the first is the usual one. */
  readonly choices?: readonly (readonly [value: string, title: string])[];
  /** A file is named by its SHA-1. */
  readonly asksFile?: true;
}

export const orderKinds: Readonly<Record<OrderType, OrderKind>> = {
  Isolate: {
    title: 'Isolate device',
    text: 'The device loses every connection but the one to Merlon, until you release it. Work of its users is interrupted.',
    verb: 'Isolate device',
    needs: 'ActiveRemediation.SecurityOperations',
    choices: [
      ['Full', 'Full: nothing but Merlon is reachable'],
      ['Selective', 'Selective: what the tenant allows stays reachable'],
    ],
  },
  Unisolate: {
    title: 'Release from isolation',
    text: 'The device gets its network back.',
    verb: 'Release device',
    needs: 'ActiveRemediation.SecurityOperations',
  },
  RestrictCodeExecution: {
    title: 'Restrict execution',
    text: 'Only programs that the system itself brought may start. What runs already goes on.',
    verb: 'Restrict execution',
    needs: 'ActiveRemediation.SecurityOperations',
  },
  UnrestrictCodeExecution: {
    title: 'Remove restriction',
    text: 'Every program may start again.',
    verb: 'Remove restriction',
    needs: 'ActiveRemediation.SecurityOperations',
  },
  RunAntiVirusScan: {
    title: 'Scan for malware',
    text: 'The device looks through its files and reports what it finds. It stays usable.',
    verb: 'Start scan',
    needs: 'AlertsInvestigation.Manage',
    choices: [
      ['Quick', 'Quick: what runs, what starts by itself, where files land'],
      ['Full', 'Full: every local file system'],
    ],
  },
  CollectInvestigationPackage: {
    title: 'Collect package',
    text: 'The device collects what an investigation needs and hands it in as one zip, to be had from its actions.',
    verb: 'Collect package',
    needs: 'AlertsInvestigation.Manage',
  },
  StopAndQuarantineFile: {
    title: 'Stop and quarantine a file',
    text: 'Every process of the file ends, and the file is put away where it cannot run.',
    verb: 'Stop and quarantine',
    needs: 'ActiveRemediation.SecurityOperations',
    asksFile: true,
  },
  RestoreQuarantinedFile: {
    title: 'Restore a quarantined file',
    text: 'The file goes back to where it was, with everything it had.',
    verb: 'Restore file',
    needs: 'ActiveRemediation.SecurityOperations',
    asksFile: true,
  },
  Offboard: {
    title: 'Offboard',
    text: 'The device reports no more and forgets its identity. To have it back, it must be onboarded again.',
    verb: 'Offboard device',
    needs: 'SecuritySettings.Manage',
  },
};

export interface OrderDraft {
  readonly choice: string;
  readonly sha1: string;
}

/** The order that the answers make; null while one is missing. */
export function orderOf(type: OrderType, { choice, sha1 }: OrderDraft): Order | null {
  switch (type) {
    case 'Isolate':
      return { type, IsolationType: choice === 'Selective' ? 'Selective' : 'Full' };
    case 'RunAntiVirusScan':
      return { type, ScanType: choice === 'Full' ? 'Full' : 'Quick' };
    case 'StopAndQuarantineFile':
    case 'RestoreQuarantinedFile': {
      const Sha1 = sha1.trim().toLowerCase();
      return /^[0-9a-f]{40}$/.test(Sha1) ? { type, Sha1 } : null;
    }
    default:
      return { type };
  }
}
