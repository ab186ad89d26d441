import { useQuery } from '@tanstack/react-query';
import { type EntityKind, prevalenceQuery } from '../api/entities.ts';
import { Facts } from '../ui/facts.tsx';
import { Loaded } from '../ui/states.tsx';
import { Time } from '../ui/time.tsx';

/** How common something is among the devices that the person may see. */
export function PrevalenceFacts({
  kind,
  id,
}: {
  readonly kind: Exclude<EntityKind, 'users'>;
  readonly id: string;
}) {
  const prevalence = useQuery(prevalenceQuery(kind, id));
  return (
    <Loaded query={prevalence} label="Counting…">
      {({ devices, firstSeen, lastSeen, names }) => (
        <Facts
          facts={[
            ['Devices in the last 30 days', String(devices)],
            ['First seen', firstSeen === null ? null : <Time key="first" value={firstSeen} />],
            ['Last seen', lastSeen === null ? null : <Time key="last" value={lastSeen} />],
            ['Known as', names.length === 0 ? null : names.join(', ')],
          ]}
        />
      )}
    </Loaded>
  );
}
