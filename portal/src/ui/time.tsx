import { useEffect, useState } from 'react';
import { usePreferences } from '../preferences.ts';
import { agoText, timeText } from './time-text.ts';

interface TimeProps {
  readonly value: string | null;
}

/** A moment, written out. */
export function Time({ value, fine = false }: TimeProps & { readonly fine?: boolean }) {
  const { zone } = usePreferences();
  if (value === null) return <>–</>;
  return (
    <time dateTime={value} title={zone === 'utc' ? `${value} (UTC)` : value} style={{ whiteSpace: 'nowrap' }}>
      {timeText(value, zone, fine)}
    </time>
  );
}

const TICK_MS = 20_000;

/** A moment as distance from now; the moment itself on hover. */
export function Ago({ value }: TimeProps) {
  const { zone } = usePreferences();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  if (value === null) return <>–</>;
  // A row fetched after the last tick is newer than `now`.
  return (
    <time
      dateTime={value}
      title={zone === 'utc' ? `${timeText(value, zone)} UTC` : timeText(value, zone)}
      style={{ whiteSpace: 'nowrap' }}
    >
      {agoText(value, Math.max(now, Date.parse(value)))}
    </time>
  );
}
