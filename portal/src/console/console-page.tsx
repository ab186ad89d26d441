/** A live response session: its log as it grows, and a line to type into. */
import { Button, makeStyles, mergeClasses, Text, tokens } from '@fluentui/react-components';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { closeSession, liveSessionQuery, resultLink } from '../api/live-response.ts';
import { wording } from '../ui/filter-menu.tsx';
import { ArrowDownloadRegular, StopRegular } from '../ui/icons.ts';
import { Page } from '../ui/page.tsx';
import { Loaded, Problem } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import type { ConsoleLine } from './console-log.ts';
import { useConsole } from './use-console.ts';

const useStyles = makeStyles({
  terminal: {
    flexGrow: 1,
    minHeight: '200px',
    display: 'flex',
    flexDirection: 'column',
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: '#14161a',
    color: '#e6e6e6',
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase300,
    overflow: 'hidden',
  },
  log: {
    flexGrow: 1,
    overflow: 'auto',
    padding: tokens.spacingHorizontalM,
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}`, outlineOffset: '-2px' },
  },
  line: { margin: 0, whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', fontFamily: 'inherit' },
  input: { color: '#8ec7ff', fontWeight: tokens.fontWeightSemibold },
  output: {},
  error: { color: '#ffb199' },
  done: { color: '#b8b8b8' },
  event: { color: '#b8b8b8', fontStyle: 'italic' },
  refused: { color: '#ffcf70' },
  prompt: {
    display: 'flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalS,
    padding: tokens.spacingHorizontalM,
    borderTop: '1px solid #3a3d44',
  },
  field: {
    flexGrow: 1,
    background: 'none',
    border: 'none',
    color: 'inherit',
    font: 'inherit',
    ':focus-visible': { outline: '1px solid #8ec7ff', outlineOffset: '4px' },
  },
});

export function ConsolePage() {
  const styles = useStyles();
  const { deviceId, sessionId } = useParams({ from: '/devices/$deviceId/console/$sessionId' });
  const session = useQuery(liveSessionQuery(sessionId));
  const { state, line, error, type, interrupt } = useConsole(sessionId);
  const close = useMutation({ mutationFn: () => closeSession(sessionId) });
  const now = state.session ?? session.data;
  const over = line === 'over' || now?.status === 'Ended';
  const status =
    now === undefined
      ? ''
      : now.status === 'AwaitingApproval'
        ? `Waits for a second person (${now.approvalPolicy ?? 'policy'}).`
        : now.status === 'Ended'
          ? `Ended: ${now.endReason ?? 'closed'}.`
          : line === 'connecting'
            ? 'The line was lost; connecting again…'
            : `${wording(now.status)}.`;
  return (
    <Page
      filled
      title={`Live response: ${now?.computerDnsName ?? deviceId}`}
      about={
        <>
          <span role="status">{status}</span>{' '}
          <TextLink to="/devices/$deviceId" params={{ deviceId }}>
            To the device
          </TextLink>
        </>
      }
      actions={
        over ? null : (
          <Button onClick={() => close.mutate()} disabled={close.isPending}>
            End session
          </Button>
        )
      }
    >
      {error ? <Problem error={error} /> : null}
      {close.error ? <Problem error={close.error} /> : null}
      {now === undefined ? (
        <Loaded query={session} label="Opening the session…">
          {() => null}
        </Loaded>
      ) : (
        <div className={styles.terminal}>
          <Log lines={state.lines} sessionId={sessionId} />
          <Prompt
            ready={line === 'open' && now.status === 'Connected'}
            running={state.running}
            onType={type}
            onInterrupt={interrupt}
          />
        </div>
      )}
    </Page>
  );
}

function Log({ lines, sessionId }: { readonly lines: readonly ConsoleLine[]; readonly sessionId: string }) {
  const styles = useStyles();
  const frame = useRef<HTMLDivElement>(null);
  const count = lines.length;
  useEffect(() => {
    // Follows what comes, unless somebody reads further up.
    const log = frame.current;
    if (count > 0 && log && log.scrollHeight - log.scrollTop - log.clientHeight < 200)
      log.scrollTop = log.scrollHeight;
  }, [count]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <div ref={frame} className={styles.log} role="log" aria-label="Console" tabIndex={0}>
      {lines.map((one) => (
        <pre key={one.key} className={mergeClasses(styles.line, styles[one.kind])}>
          {one.kind === 'input' ? `> ${one.text}` : one.text}
          {one.file === null ? null : (
            <Download sessionId={sessionId} command={one.command} name={one.file} />
          )}
        </pre>
      ))}
    </div>
  );
}

function Download({
  sessionId,
  command,
  name,
}: {
  readonly sessionId: string;
  readonly command: number;
  readonly name: string;
}) {
  const fetch = useMutation({
    mutationFn: () => resultLink(sessionId, command),
    onSuccess: (url) => location.assign(url),
  });
  return (
    <>
      <Button size="small" icon={<ArrowDownloadRegular />} onClick={() => fetch.mutate()}>
        {name}
      </Button>
      {fetch.error ? <Problem error={fetch.error} /> : null}
    </>
  );
}

function Prompt({
  ready,
  running,
  onType,
  onInterrupt,
}: {
  readonly ready: boolean;
  readonly running: readonly number[];
  onType(line: string): void;
  onInterrupt(command: number): void;
}) {
  const styles = useStyles();
  const [text, setText] = useState('');
  const [history, setHistory] = useState<readonly string[]>([]);
  const [back, setBack] = useState(0);
  const last = running.at(-1);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && text.trim() !== '') {
      onType(text);
      setHistory((before) => [...before, text].slice(-200));
      setText('');
      setBack(0);
    } else if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      event.preventDefault();
      const to = Math.min(history.length, Math.max(0, back + (event.key === 'ArrowUp' ? 1 : -1)));
      setBack(to);
      setText(to === 0 ? '' : (history.at(-to) ?? ''));
    } else if (
      event.key === 'c' &&
      event.ctrlKey &&
      last !== undefined &&
      !window.getSelection()?.toString()
    ) {
      event.preventDefault();
      onInterrupt(last);
    }
  };
  return (
    <div className={styles.prompt}>
      <Text aria-hidden font="monospace">
        &gt;
      </Text>
      <input
        className={styles.field}
        aria-label="Command"
        placeholder={ready ? 'help lists the commands' : 'Not connected'}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        disabled={!ready}
        value={text}
        onChange={({ target }) => setText(target.value)}
        onKeyDown={onKeyDown}
      />
      {last === undefined ? null : (
        <Button size="small" icon={<StopRegular />} onClick={() => onInterrupt(last)}>
          Interrupt
        </Button>
      )}
    </div>
  );
}
