import {
  Button,
  Menu,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
  Tab,
  TabList,
  Text,
  tokens,
} from '@fluentui/react-components';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiProblem } from '../api/api-problem.ts';
import { changeSavedQuery } from '../api/hunting.ts';
import {
  AddRegular,
  ChevronDownRegular,
  DismissRegular,
  PlayRegular,
  SaveRegular,
  StopRegular,
} from '../ui/icons.ts';
import { Page } from '../ui/page.tsx';
import { Problem } from '../ui/states.tsx';
import { addToQuery } from './add-to-query.ts';
import { exampleQueries } from './example-queries.ts';
import { KqlEditor, type KqlEditorHandle } from './kql-editor.tsx';
import { OutcomeView } from './outcome-view.tsx';
import { queryProblem } from './query-problem.ts';
import { SaveDialog } from './save-dialog.tsx';
import { SavedQueries } from './saved-queries.tsx';
import { SchemaBrowser } from './schema-browser.tsx';
import { changed, type HuntingTabs, keepTabs, MOST_TABS, readTabs, withoutTab, withTab } from './tabs.ts';
import { useRuns } from './use-runs.ts';

const NARROW = '@media (max-width: 900px)';
const FIRST_QUERY = exampleQueries[0]?.query ?? '';

const useStyles = makeStyles({
  body: { display: 'flex', gap: tokens.spacingHorizontalL, flexGrow: 1, minHeight: 0 },
  side: {
    width: '230px',
    flexShrink: 0,
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalS,
    minHeight: 0,
    [NARROW]: { display: 'none' },
  },
  fill: { flexGrow: 1, minHeight: 0, display: 'flex', '> *': { flexGrow: 1 } },
  work: {
    flexGrow: 1,
    minWidth: 0,
    minHeight: 0,
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalM,
    overflow: 'auto',
  },
  bar: { display: 'flex', alignItems: 'center', gap: tokens.spacingHorizontalS, flexWrap: 'wrap' },
});

export function HuntingPage() {
  const styles = useStyles();
  const { query: asked, run: runNow = false } = useSearch({ from: '/hunting' });
  const navigate = useNavigate();
  const editor = useRef<KqlEditorHandle>(null);
  const [all, setAll] = useState<HuntingTabs>(() => {
    const kept = readTabs(sessionStorage, FIRST_QUERY);
    // What an address asks for does not write over what somebody was at.
    return asked === undefined || kept.tabs.some(({ text }) => text === asked)
      ? kept
      : withTab(kept, { text: asked });
  });
  const [side, setSide] = useState<'schema' | 'saved'>('schema');
  const [saving, setSaving] = useState(false);
  const runs = useRuns();
  const { run: start } = runs;
  const active = all.tabs.find(({ id }) => id === all.active) ?? all.tabs[0];
  const activeId = active?.id ?? '';
  const outcome = runs.of(activeId);
  useEffect(() => keepTabs(sessionStorage, all), [all]);

  const run = useCallback(
    async (tab: string, text: string) => {
      editor.current?.mark(null);
      const ended = await start(tab, text);
      if (ended?.kind !== 'failed' || !(ended.error instanceof ApiProblem)) return;
      const { place, message } = queryProblem(ended.error.message, text);
      editor.current?.mark(place && { ...place, message });
    },
    [start],
  );
  const runActive = () => void run(activeId, editor.current?.text() ?? '');

  const last = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (asked === undefined || last.current === `${asked} ${runNow}`) return;
    last.current = `${asked} ${runNow}`;
    const shown = all.tabs.find(({ text }) => text === asked);
    const next = shown ? { ...all, active: shown.id } : withTab(all, { text: asked });
    setAll(next);
    if (!runNow) return;
    void run(next.active, asked);
    // Going back to this address later shows the query and leaves running it to the person.
    void navigate({ to: '/hunting', search: { query: asked }, replace: true });
  }, [asked, runNow, run, navigate, all]);

  const queries = useQueryClient();
  const keep = useMutation({
    mutationFn: async () => {
      if (active?.savedId === undefined) return setSaving(true);
      await changeSavedQuery(active.savedId, { query: editor.current?.text() ?? '' });
      await queries.invalidateQueries({ queryKey: ['savedQueries'] });
    },
  });
  const openTab = (text: string, more: { title?: string; savedId?: string } = {}) =>
    setAll((before) => withTab(before, { text, ...more }));

  return (
    <Page filled title="Hunting" about="Queries in KQL over what every device reported.">
      <div className={styles.body}>
        <div className={styles.side}>
          <TabList
            size="small"
            selectedValue={side}
            onTabSelect={(_event, { value }) => setSide(value as typeof side)}
          >
            <Tab value="schema">Schema</Tab>
            <Tab value="saved">Saved</Tab>
          </TabList>
          <div className={styles.fill}>
            {side === 'schema' ? (
              <SchemaBrowser onInsert={(name) => editor.current?.insert(name)} />
            ) : (
              <SavedQueries onOpen={({ id, name }, text) => openTab(text, { title: name, savedId: id })} />
            )}
          </div>
        </div>
        <div className={styles.work}>
          <div className={styles.bar}>
            <TabList
              size="small"
              aria-label="Queries"
              selectedValue={activeId}
              onTabSelect={(_event, { value }) => setAll((before) => ({ ...before, active: String(value) }))}
            >
              {all.tabs.map(({ id, title }) => (
                <Tab key={id} value={id}>
                  {title}
                </Tab>
              ))}
            </TabList>
            <Button
              size="small"
              appearance="subtle"
              icon={<AddRegular />}
              aria-label="New query"
              title="New query"
              disabled={all.tabs.length >= MOST_TABS}
              onClick={() => openTab('')}
            />
            {all.tabs.length > 1 ? (
              <Button
                size="small"
                appearance="subtle"
                icon={<DismissRegular />}
                aria-label={`Close ${active?.title ?? ''}`}
                title="Close this query"
                onClick={() => {
                  runs.forget(activeId);
                  setAll((before) => withoutTab(before, activeId));
                }}
              />
            ) : null}
          </div>
          <KqlEditor
            key={`editor ${activeId}`}
            ref={editor}
            initial={active?.text ?? ''}
            height="180px"
            onRun={runActive}
            onChange={(text) => setAll((before) => changed(before, activeId, { text }))}
          />
          <div className={styles.bar}>
            {outcome.kind === 'running' ? (
              <Button icon={<StopRegular />} onClick={() => runs.cancel(activeId)}>
                Cancel
              </Button>
            ) : (
              <Button appearance="primary" icon={<PlayRegular />} title="Ctrl+Enter" onClick={runActive}>
                Run query
              </Button>
            )}
            <Button icon={<SaveRegular />} disabled={keep.isPending} onClick={() => keep.mutate()}>
              Save
            </Button>
            {keep.isSuccess && !saving ? <Text size={200}>Saved</Text> : null}
            <Examples onChoose={(text) => openTab(text)} />
          </div>
          {keep.error ? <Problem error={keep.error} /> : null}
          <OutcomeView
            key={`outcome ${activeId}`}
            outcome={outcome}
            onCondition={(condition) => editor.current?.replace(addToQuery(editor.current.text(), condition))}
          />
        </div>
      </div>
      {saving ? (
        <SaveDialog
          query={active?.text ?? ''}
          onClose={() => setSaving(false)}
          onSaved={({ id, name }) => {
            setSaving(false);
            setAll((before) => changed(before, activeId, { title: name, savedId: id }));
          }}
        />
      ) : null}
    </Page>
  );
}

function Examples({ onChoose }: { onChoose(query: string): void }) {
  return (
    <Menu>
      <MenuTrigger disableButtonEnhancement>
        <Button icon={<ChevronDownRegular />} iconPosition="after">
          Examples
        </Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {exampleQueries.map(({ title, query }) => (
            <MenuItem key={title} onClick={() => onChoose(query)}>
              {title}
            </MenuItem>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
