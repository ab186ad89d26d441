import { tokens } from '@fluentui/react-components';

/** A merlon: the solid part of a battlement between two openings, here as a shield. */
export function Logo() {
  return (
    <svg width="24" height="24" viewBox="0 0 32 32" aria-hidden="true">
      <path
        fill={tokens.colorBrandBackground}
        d="M4 6h6v6h3V6h6v6h3V6h6v12c0 5-5 8.5-12 10-7-1.5-12-5-12-10z"
      />
    </svg>
  );
}
