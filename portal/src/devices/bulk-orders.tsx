import type { Machine } from '@merlon/contract';
import { useState } from 'react';
import { GuardedButton } from '../ui/permission.tsx';
import { OrderDialog } from './order-dialog.tsx';
import { type OrderType, orderKinds } from './order-kinds.ts';
import { OrderMenu } from './order-menu.tsx';

const more = [
  'Unisolate',
  'RestrictCodeExecution',
  'UnrestrictCodeExecution',
  'RunAntiVirusScan',
  'CollectInvestigationPackage',
  'StopAndQuarantineFile',
] as const;

/** Orders for the devices that are selected. */
export function BulkOrders({ machines, onDone }: { readonly machines: readonly Machine[]; onDone(): void }) {
  const [type, setType] = useState<OrderType | null>(null);
  return (
    <>
      <GuardedButton size="small" needs={orderKinds.Isolate.needs} onClick={() => setType('Isolate')}>
        Isolate
      </GuardedButton>
      <OrderMenu kinds={more} size="small" onChoose={setType}>
        More actions
      </OrderMenu>
      {type === null ? null : (
        <OrderDialog
          type={type}
          machines={machines}
          onClose={() => {
            setType(null);
            onDone();
          }}
        />
      )}
    </>
  );
}
