import { Menu, MenuItem, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components';
import type { Machine } from '@merlon/contract';
import { useState } from 'react';
import { ChevronDownRegular } from '../ui/icons.ts';
import { GuardedButton } from '../ui/permission.tsx';
import { OrderDialog } from './order-dialog.tsx';
import { type OrderType, orderKinds } from './order-kinds.ts';

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
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <GuardedButton
            size="small"
            needs="AlertsInvestigation.Manage"
            icon={<ChevronDownRegular />}
            iconPosition="after"
          >
            More actions
          </GuardedButton>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            {more.map((one) => (
              <MenuItem key={one} onClick={() => setType(one)}>
                {orderKinds[one].title}
              </MenuItem>
            ))}
          </MenuList>
        </MenuPopover>
      </Menu>
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
