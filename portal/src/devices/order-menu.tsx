/** Orders to choose from, behind one button. */
import {
  type ButtonProps,
  Menu,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
} from '@fluentui/react-components';
import type { ReactNode } from 'react';
import { ChevronDownRegular } from '../ui/icons.ts';
import { GuardedButton } from '../ui/permission.tsx';
import { type OrderType, orderKinds } from './order-kinds.ts';

export function OrderMenu({
  kinds,
  size = 'medium',
  hindrance = null,
  onChoose,
  children,
}: {
  readonly kinds: readonly OrderType[];
  readonly size?: ButtonProps['size'];
  readonly hindrance?: string | null;
  onChoose(kind: OrderType): void;
  readonly children: ReactNode;
}) {
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <GuardedButton
          size={size}
          needs="AlertsInvestigation.Manage"
          hindrance={hindrance}
          icon={<ChevronDownRegular />}
          iconPosition="after"
        >
          {children}
        </GuardedButton>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {kinds.map((kind) => (
            <MenuItem key={kind} onClick={() => onChoose(kind)}>
              {orderKinds[kind].title}
            </MenuItem>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
