/** Commands to be typed elsewhere, with a button that copies them. */
import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { useState } from 'react';
import { CopyRegular } from './icons.ts';

const useStyles = makeStyles({
  frame: {
    display: 'flex',
    alignItems: 'flex-start',
    gap: tokens.spacingHorizontalS,
    padding: `${tokens.spacingVerticalS} ${tokens.spacingHorizontalM}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground3,
  },
  text: {
    flexGrow: 1,
    margin: 0,
    whiteSpace: 'pre-wrap',
    overflowWrap: 'anywhere',
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase300,
  },
});

export function Commands({ lines }: { readonly lines: readonly string[] }) {
  const styles = useStyles();
  return (
    <div className={styles.frame}>
      <pre className={styles.text}>{lines.join('\n')}</pre>
      <CopyButton text={lines.join('\n')} label="Copy the commands" />
    </div>
  );
}

export function CopyButton({ text, label }: { readonly text: string; readonly label: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <Button
      appearance="subtle"
      size="small"
      icon={<CopyRegular />}
      aria-label={copied ? 'Copied' : label}
      title={copied ? 'Copied' : label}
      onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
      onBlur={() => setCopied(false)}
    />
  );
}
