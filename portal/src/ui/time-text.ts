/** Times as people read them. Pure. */
import type { Zone } from '../preferences.ts';

const pad = (value: number, digits = 2) => String(value).padStart(digits, '0');

/** `2026-11-24 21:03:17`, in UTC or in the browser's zone; `fine` adds milliseconds. Empty for what is no time. */
export function timeText(iso: string, zone: Zone, fine = false): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return '';
  const [year, month, day, hour, minute, second, ms] =
    zone === 'utc'
      ? [
          time.getUTCFullYear(),
          time.getUTCMonth(),
          time.getUTCDate(),
          time.getUTCHours(),
          time.getUTCMinutes(),
          time.getUTCSeconds(),
          time.getUTCMilliseconds(),
        ]
      : [
          time.getFullYear(),
          time.getMonth(),
          time.getDate(),
          time.getHours(),
          time.getMinutes(),
          time.getSeconds(),
          time.getMilliseconds(),
        ];
  const text = `${year}-${pad(month + 1)}-${pad(day)} ${pad(hour)}:${pad(minute)}:${pad(second)}`;
  return fine ? `${text}.${pad(ms, 3)}` : text;
}

const STEPS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** `3 hours ago`, `just now`. */
export function agoText(iso: string, now: number): string {
  const past = now - new Date(iso).getTime();
  if (Number.isNaN(past)) return '';
  for (const [unit, length] of STEPS) {
    const count = Math.floor(past / length);
    if (count >= 1) return `${count} ${unit}${count === 1 ? '' : 's'} ago`;
  }
  return 'just now';
}
