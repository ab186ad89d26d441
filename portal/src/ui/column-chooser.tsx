import {
  Button,
  Menu,
  MenuDivider,
  MenuItem,
  MenuItemCheckbox,
  MenuList,
  MenuPopover,
  MenuTrigger,
} from '@fluentui/react-components';
import type { Column } from './data-table.tsx';
import { ColumnTripleRegular } from './icons.ts';

/** `shown`: ids of columns, absent for the usual ones. The first column is what opens a row and always there. */
export function ColumnChooser<T>({
  columns,
  shown,
  onChange,
}: {
  readonly columns: readonly Column<T>[];
  readonly shown: readonly string[] | undefined;
  onChange(shown: readonly string[] | undefined): void;
}) {
  const [first, ...rest] = columns;
  if (!first) return null;
  const usual = columns.filter(({ optional }) => optional !== true).map(({ id }) => id);
  const now = shown ?? usual;
  return (
    <Menu
      checkedValues={{ shown: [...now] }}
      onCheckedValueChange={(_event, { checkedItems }) => {
        // In the order of the table, and the usual ones by saying nothing.
        const next = columns.map(({ id }) => id).filter((id) => id === first.id || checkedItems.includes(id));
        onChange(next.join() === usual.join() ? undefined : next);
      }}
    >
      <MenuTrigger disableButtonEnhancement>
        <Button
          appearance="subtle"
          icon={<ColumnTripleRegular />}
          aria-label="Choose columns"
          title="Choose columns"
        />
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {rest.map(({ id, title }) => (
            <MenuItemCheckbox key={id} name="shown" value={id}>
              {title}
            </MenuItemCheckbox>
          ))}
          <MenuDivider />
          <MenuItem onClick={() => onChange(undefined)}>The usual columns</MenuItem>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
