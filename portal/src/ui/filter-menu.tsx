/** A button that opens a list of choices; none chosen means all. */
import {
  Button,
  Menu,
  MenuItemCheckbox,
  MenuList,
  MenuPopover,
  MenuTrigger,
} from '@fluentui/react-components';
import { ChevronDownRegular } from './icons.ts';

export function FilterMenu({
  label,
  choices,
  chosen,
  onChange,
}: {
  readonly label: string;
  readonly choices: readonly string[];
  readonly chosen: readonly string[];
  onChange(chosen: string[]): void;
}) {
  return (
    <Menu
      checkedValues={{ chosen: [...chosen] }}
      onCheckedValueChange={(_event, { checkedItems }) => onChange(checkedItems)}
    >
      <MenuTrigger disableButtonEnhancement>
        <Button
          appearance={chosen.length > 0 ? 'primary' : 'outline'}
          icon={<ChevronDownRegular />}
          iconPosition="after"
          style={{ fontWeight: 'normal', minWidth: 0 }}
        >
          {chosen.length === 0
            ? label
            : `${label}: ${chosen.length <= 2 ? chosen.map(wording).join(', ') : `${chosen.length} chosen`}`}
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {choices.map((choice) => (
            <MenuItemCheckbox key={choice} name="chosen" value={choice}>
              {wording(choice)}
            </MenuItemCheckbox>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

/** A wire value as words: `NoSensorData` → `No sensor data`. */
export function wording(value: string): string {
  const spaced = value.replaceAll(/(?<=[a-z])(?=[A-Z][a-z])/g, ' ');
  return spaced.charAt(0) + spaced.slice(1).replaceAll(/ [A-Z](?=[a-z])/g, (start) => start.toLowerCase());
}
