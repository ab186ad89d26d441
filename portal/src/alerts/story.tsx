/** The story of an alert: process tree, related entities, and what is known of the chosen one. */
import {
  Button,
  makeStyles,
  mergeClasses,
  Subtitle2,
  Text,
  ToggleButton,
  tokens,
} from '@fluentui/react-components';
import type { AlertEvidence, EvidenceEntityType } from '@merlon/contract';
import { type ComponentType, lazy, Suspense, useMemo, useState } from 'react';
import { Facts } from '../ui/facts.tsx';
import {
  BoxRegular,
  BranchRegular,
  DismissRegular,
  DocumentRegular,
  FlashRegular,
  GlobeRegular,
  NetworkCheckRegular,
  PersonRegular,
  WindowRegular,
} from '../ui/icons.ts';
import { Empty, Waiting } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Time } from '../ui/time.tsx';
import { huntFor } from './entity-hunt.ts';
import { entityLink, entityText } from './entity-text.ts';
import { type ProcessNode, storyOf } from './evidence-tree.ts';

const StoryGraph = lazy(async () => ({ default: (await import('./story-graph.tsx')).StoryGraph }));

const useStyles = makeStyles({
  headings: { display: 'flex', alignItems: 'baseline', gap: tokens.spacingHorizontalM },
  story: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL },
  tree: {
    listStyle: 'none',
    margin: 0,
    padding: 0,
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalXS,
  },
  branch: {
    marginLeft: '17px',
    paddingLeft: '19px',
    marginTop: tokens.spacingVerticalXS,
    borderLeft: `2px solid ${tokens.colorNeutralStroke2}`,
  },
  leaf: {
    position: 'relative',
    '::before': {
      content: '""',
      position: 'absolute',
      left: '-19px',
      top: '19px',
      width: '15px',
      borderTop: `2px solid ${tokens.colorNeutralStroke2}`,
    },
  },
  card: {
    display: 'grid',
    gridTemplateColumns: '22px minmax(0, 1fr) auto',
    columnGap: tokens.spacingHorizontalS,
    alignItems: 'center',
    width: '100%',
    boxSizing: 'border-box',
    textAlign: 'left',
    fontFamily: 'inherit',
    fontSize: 'inherit',
    color: tokens.colorNeutralForeground1,
    padding: '7px 10px',
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    cursor: 'pointer',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  chosen: {
    boxShadow: `inset 3px 0 0 ${tokens.colorBrandForeground1}`,
    backgroundColor: tokens.colorNeutralBackground1Selected,
  },
  context: {
    color: tokens.colorNeutralForeground3,
    cursor: 'default',
    border: `1px dashed ${tokens.colorNeutralStroke2}`,
  },
  icon: { fontSize: '18px', color: tokens.colorNeutralForeground3 },
  found: { color: tokens.colorPaletteDarkOrangeForeground1 },
  pid: { color: tokens.colorNeutralForeground3, marginLeft: '6px', fontSize: tokens.fontSizeBase200 },
  line: {
    display: 'block',
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    color: tokens.colorNeutralForeground2,
  },
  time: { fontSize: tokens.fontSizeBase200, color: tokens.colorNeutralForeground3 },
  groups: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fill, minmax(260px, 1fr))',
    gap: tokens.spacingHorizontalL,
  },
  heading: { display: 'block', marginBottom: tokens.spacingVerticalS },
  paneHead: { display: 'flex', alignItems: 'flex-start', gap: tokens.spacingHorizontalS },
  paneTitle: { flexGrow: 1, overflowWrap: 'anywhere' },
  pane: {
    padding: tokens.spacingHorizontalL,
    border: `1px solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusMedium,
    backgroundColor: tokens.colorNeutralBackground1,
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalM,
  },
});

const kinds: Record<EvidenceEntityType, { title: string; Icon: ComponentType<{ className?: string }> }> = {
  Process: { title: 'Processes', Icon: WindowRegular },
  File: { title: 'Files', Icon: DocumentRegular },
  Ip: { title: 'Addresses', Icon: NetworkCheckRegular },
  Url: { title: 'URLs and names', Icon: GlobeRegular },
  User: { title: 'Users', Icon: PersonRegular },
  Registry: { title: 'Registry', Icon: BoxRegular },
};

export function Story({
  evidence,
  chosen,
  onChoose,
}: Choosing & { readonly evidence: readonly AlertEvidence[] }) {
  const styles = useStyles();
  const story = useMemo(() => storyOf(evidence), [evidence]);
  const [asGraph, setAsGraph] = useState(false);
  if (evidence.length === 0) return <Empty title="This alert has no evidence." />;
  return (
    <div className={styles.story}>
      {story.roots.length === 0 ? null : (
        <section>
          <div className={styles.headings}>
            <Subtitle2 as="h2" className={styles.heading}>
              What happened
            </Subtitle2>
            <ToggleButton
              size="small"
              icon={<BranchRegular />}
              checked={asGraph}
              onClick={() => setAsGraph(!asGraph)}
            >
              Graph
            </ToggleButton>
          </div>
          {asGraph ? (
            <Suspense fallback={<Waiting label="Drawing…" />}>
              <StoryGraph roots={story.roots} chosen={chosen} onChoose={onChoose} />
            </Suspense>
          ) : (
            <ProcessList nodes={story.roots} chosen={chosen} onChoose={onChoose} />
          )}
        </section>
      )}
      {story.related.length === 0 ? null : (
        <div className={styles.groups}>
          {story.related.map(({ type, items }) => (
            <section key={type}>
              <Subtitle2 as="h2" className={styles.heading}>
                {kinds[type].title}
              </Subtitle2>
              <ul className={styles.tree}>
                {items.map((item) => (
                  <li key={entityText(item)}>
                    <EntityCard evidence={item} chosen={item === chosen} onChoose={() => onChoose(item)} />
                  </li>
                ))}
              </ul>
            </section>
          ))}
        </div>
      )}
    </div>
  );
}

export interface Choosing {
  readonly chosen: AlertEvidence | null;
  onChoose(evidence: AlertEvidence): void;
}

function ProcessList({
  nodes,
  nested = false,
  chosen,
  onChoose,
}: Choosing & { readonly nodes: readonly ProcessNode[]; readonly nested?: boolean }) {
  const styles = useStyles();
  return (
    <ul className={mergeClasses(styles.tree, nested && styles.branch)}>
      {nodes.map((node) => (
        <li key={node.key} className={mergeClasses(nested && styles.leaf)}>
          <ProcessCard node={node} chosen={chosen} onChoose={onChoose} />
          {node.children.length === 0 ? null : (
            <ProcessList nodes={node.children} nested chosen={chosen} onChoose={onChoose} />
          )}
        </li>
      ))}
    </ul>
  );
}

function ProcessCard({ node, chosen, onChoose }: Choosing & { readonly node: ProcessNode }) {
  const styles = useStyles();
  const { evidence, name, processId, startedAt } = node;
  // Other evidence led here or follows from it; what carries a status is what was detected.
  const detected = evidence?.detectionStatus != null;
  const content = (
    <>
      {detected ? (
        <FlashRegular className={mergeClasses(styles.icon, styles.found)} aria-label="Set off the alert" />
      ) : (
        <WindowRegular className={styles.icon} aria-hidden />
      )}
      <span style={{ minWidth: 0 }}>
        <Text weight={detected ? 'semibold' : 'regular'}>{name}</Text>
        {processId === null ? null : <span className={styles.pid}>{processId}</span>}
        {evidence?.processCommandLine ? (
          <span className={styles.line}>{evidence.processCommandLine}</span>
        ) : null}
      </span>
      <span className={styles.time}>
        <Time value={startedAt} fine />
      </span>
    </>
  );
  return evidence ? (
    <button
      type="button"
      className={mergeClasses(styles.card, evidence === chosen && styles.chosen)}
      aria-pressed={evidence === chosen}
      onClick={() => onChoose(evidence)}
    >
      {content}
    </button>
  ) : (
    <div
      className={mergeClasses(styles.card, styles.context)}
      title="Known only as the parent of a process of this alert"
    >
      {content}
    </div>
  );
}

function EntityCard({
  evidence,
  chosen,
  onChoose,
}: {
  readonly evidence: AlertEvidence;
  readonly chosen: boolean;
  onChoose(): void;
}) {
  const styles = useStyles();
  const { Icon } = kinds[evidence.entityType];
  return (
    <button
      type="button"
      className={mergeClasses(styles.card, chosen && styles.chosen)}
      aria-pressed={chosen}
      onClick={onChoose}
    >
      <Icon className={styles.icon} />
      <span className={styles.line} title={entityText(evidence)}>
        {entityText(evidence)}
      </span>
    </button>
  );
}

export function EvidencePane({
  evidence: e,
  onClose,
}: {
  readonly evidence: AlertEvidence;
  onClose(): void;
}) {
  const styles = useStyles();
  const query = huntFor(e);
  return (
    <section className={styles.pane} aria-label="Chosen evidence">
      <div className={styles.paneHead}>
        <Subtitle2 as="h2" className={styles.paneTitle}>
          {e.entityType === 'Process' ? (e.fileName ?? 'Process') : entityText(e)}
        </Subtitle2>
        <Button
          appearance="subtle"
          size="small"
          icon={<DismissRegular />}
          aria-label="Close"
          onClick={onClose}
        />
      </div>
      <EntityPageLink evidence={e} />
      {query === null ? null : (
        <TextLink to="/hunting" search={{ query, run: true }}>
          Hunt for it on all devices
        </TextLink>
      )}
      <Facts
        facts={[
          ['Command line', e.processCommandLine],
          ['Process id', e.processId],
          [
            'Started',
            e.processCreationTime === null ? null : <Time key="start" value={e.processCreationTime} fine />,
          ],
          ['File', e.fileName],
          ['Folder', e.filePath],
          ['SHA-256', e.sha256],
          ['SHA-1', e.sha1],
          ['Parent', e.parentProcessFileName && `${e.parentProcessFileName} (${e.parentProcessId ?? '?'})`],
          ['Address', e.ipAddress],
          ['URL', e.url],
          ['Registry key', e.registryKey && [e.registryHive, e.registryKey].filter(Boolean).join('\\')],
          ['Value', e.registryValueName],
          ['Data', e.registryValue],
          ['Account', e.accountName && [e.domainName, e.accountName].filter(Boolean).join('\\')],
          ['SID', e.userSid],
          ['What became of it', e.detectionStatus],
        ]}
      />
    </section>
  );
}

function EntityPageLink({ evidence }: { readonly evidence: AlertEvidence }) {
  const link = entityLink(evidence);
  return link === null ? null : <TextLink {...link}>How common it is, and where else</TextLink>;
}
