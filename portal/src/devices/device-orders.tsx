/** Everything that can be done with a device. */
import {
  Button,
  Menu,
  MenuDivider,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  Tooltip,
} from '@fluentui/react-components';
import type { Machine, MachineAction } from '@merlon/contract';
import { useState } from 'react';
import { ChevronDownRegular, PlugConnectedRegular, PlugDisconnectedRegular } from '../ui/icons.ts';
import { GuardedButton, usePermission } from '../ui/permission.tsx';
import { ConsoleDialog } from './console-dialog.tsx';
import type { Containment } from './containment.ts';
import { OrderDialog } from './order-dialog.tsx';
import { type OrderType, orderKinds } from './order-kinds.ts';
import { TagsDialog } from './tags-dialog.tsx';

const UNDER_WAY = 'An order of this kind is under way.';

export function DeviceOrders({
  machine,
  containment,
  onOrdered,
}: {
  readonly machine: Machine;
  readonly containment: Containment;
  onOrdered(action: MachineAction): void;
}) {
  const [asked, setAsked] = useState<OrderType | 'console' | 'tags' | null>(null);
  const { isolated, restricted, pending } = containment;
  const close = () => setAsked(null);
  const isolation: OrderType = isolated ? 'Unisolate' : 'Isolate';
  const rest: readonly OrderType[] = [
    restricted ? 'UnrestrictCodeExecution' : 'RestrictCodeExecution',
    'RunAntiVirusScan',
    'CollectInvestigationPackage',
    'StopAndQuarantineFile',
    'RestoreQuarantinedFile',
  ];
  const bound = pending.has('Isolate') || pending.has('Unisolate');
  return (
    <>
      <GuardedButton
        appearance={isolated ? 'secondary' : 'primary'}
        icon={isolated ? <PlugConnectedRegular /> : <PlugDisconnectedRegular />}
        needs={orderKinds[isolation].needs}
        hindrance={bound ? UNDER_WAY : null}
        onClick={() => setAsked(isolation)}
      >
        {orderKinds[isolation].title}
      </GuardedButton>
      <GuardedButton needs="LiveResponse.Basic" onClick={() => setAsked('console')}>
        Live response
      </GuardedButton>
      <Menu>
        <MenuTrigger disableButtonEnhancement>
          <Button icon={<ChevronDownRegular />} iconPosition="after">
            More actions
          </Button>
        </MenuTrigger>
        <MenuPopover>
          <MenuList>
            {rest.map((type) => (
              <OrderItem
                key={type}
                type={type}
                hindrance={pending.has(type) ? UNDER_WAY : null}
                onChoose={() => setAsked(type)}
              />
            ))}
            <MenuDivider />
            <MenuItem onClick={() => setAsked('tags')}>Manage tags</MenuItem>
            <OrderItem
              type="Offboard"
              hindrance={
                isolated || restricted
                  ? 'Release the device first.'
                  : pending.has('Offboard')
                    ? UNDER_WAY
                    : null
              }
              onChoose={() => setAsked('Offboard')}
            />
          </MenuList>
        </MenuPopover>
      </Menu>
      {asked === 'console' ? (
        <ConsoleDialog machine={machine} onClose={close} />
      ) : asked === 'tags' ? (
        <TagsDialog machine={machine} onClose={close} />
      ) : asked === null ? null : (
        <OrderDialog type={asked} machines={[machine]} onOrdered={onOrdered} onClose={close} />
      )}
    </>
  );
}

function OrderItem({
  type,
  hindrance,
  onChoose,
}: {
  readonly type: OrderType;
  readonly hindrance: string | null;
  onChoose(): void;
}) {
  const { needs, title } = orderKinds[type];
  const { allowed, why } = usePermission(needs);
  const reason = why ?? hindrance;
  const item = (
    <MenuItem disabled={!allowed || hindrance !== null} onClick={onChoose}>
      {title}
    </MenuItem>
  );
  return reason === null ? (
    item
  ) : (
    <Tooltip content={reason} relationship="description" positioning="before">
      {item}
    </Tooltip>
  );
}
