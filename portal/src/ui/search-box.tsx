import { SearchBox as FluentSearchBox } from '@fluentui/react-components';
import { useEffect, useState } from 'react';

const PAUSE_MS = 300;

/** A search box that reports once typing pauses, or at once on Enter. */
export function SearchBox({
  label,
  value,
  onSearch,
}: {
  readonly label: string;
  readonly value: string;
  onSearch(text: string): void;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return;
    const timer = setTimeout(() => onSearch(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, value, onSearch]);
  return (
    <FluentSearchBox
      aria-label={label}
      placeholder={label}
      value={text}
      onChange={(_event, data) => setText(data.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') onSearch(text);
      }}
      style={{ minWidth: '260px' }}
    />
  );
}
