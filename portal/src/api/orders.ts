/** Ordering something on a device. */
import type { MachineAction } from '@merlon/contract';
import { api } from '../services.ts';
import { answer } from './client.ts';

/** What may be ordered on one device, with what each needs besides a comment. */
export type Order =
  | { readonly type: 'Isolate'; readonly IsolationType: 'Full' | 'Selective' }
  | { readonly type: 'RunAntiVirusScan'; readonly ScanType: 'Quick' | 'Full' }
  | { readonly type: 'StopAndQuarantineFile' | 'RestoreQuarantinedFile'; readonly Sha1: string }
  | {
      readonly type:
        | 'Unisolate'
        | 'RestrictCodeExecution'
        | 'UnrestrictCodeExecution'
        | 'CollectInvestigationPackage'
        | 'Offboard';
    };

export function order(id: string, order: Order, Comment: string): Promise<MachineAction> {
  const params = { path: { id } };
  switch (order.type) {
    case 'Isolate':
      return answer(
        api.POST('/api/machines/{id}/isolate', {
          params,
          body: { Comment, IsolationType: order.IsolationType },
        }),
      );
    case 'Unisolate':
      return answer(api.POST('/api/machines/{id}/unisolate', { params, body: { Comment } }));
    case 'RestrictCodeExecution':
      return answer(api.POST('/api/machines/{id}/restrictCodeExecution', { params, body: { Comment } }));
    case 'UnrestrictCodeExecution':
      return answer(api.POST('/api/machines/{id}/unrestrictCodeExecution', { params, body: { Comment } }));
    case 'RunAntiVirusScan':
      return answer(
        api.POST('/api/machines/{id}/runAntiVirusScan', {
          params,
          body: { Comment, ScanType: order.ScanType },
        }),
      );
    case 'StopAndQuarantineFile':
      return answer(
        api.POST('/api/machines/{id}/StopAndQuarantineFile', { params, body: { Comment, Sha1: order.Sha1 } }),
      );
    case 'RestoreQuarantinedFile':
      return answer(
        api.POST('/api/machines/{id}/restoreQuarantinedFile', {
          params,
          body: { Comment, Sha1: order.Sha1 },
        }),
      );
    case 'CollectInvestigationPackage':
      return answer(
        api.POST('/api/machines/{id}/collectInvestigationPackage', { params, body: { Comment } }),
      );
    case 'Offboard':
      return answer(api.POST('/api/machines/{id}/offboard', { params, body: { Comment } }));
  }
}

export interface BulkOutcome {
  readonly machineId: string;
  readonly action: MachineAction | null;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** The same on many devices; each is taken or refused for itself. */
export async function orderOnMany(
  MachineIds: string[],
  { type, ...rest }: Order,
  Comment: string,
): Promise<readonly BulkOutcome[]> {
  const { value } = await answer(
    api.POST('/api/merlon/machineactions/bulk', {
      body: { Type: type, MachineIds, Order: { Comment, ...rest } },
    }),
  );
  return value;
}
