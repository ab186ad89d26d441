/** The query editor: CodeMirror with KQL colours and completion. */
import {
  acceptCompletion,
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, toggleComment } from '@codemirror/commands';
import { bracketMatching } from '@codemirror/language';
import { EditorState, type Range, StateEffect, StateField } from '@codemirror/state';
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  keymap,
  lineNumbers,
  placeholder,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view';
import { makeStyles, tokens } from '@fluentui/react-components';
import { huntingTables } from '@merlon/contract';
import { type Ref, useEffect, useImperativeHandle, useRef } from 'react';
import { completionsAt, type Suggestion } from './kql-completion.ts';
import { tokenizeKql } from './kql-tokens.ts';

export interface KqlEditorHandle {
  text(): string;
  replace(text: string): void;
  /** Puts the text where the cursor is. */
  insert(text: string): void;
  /** Underlines a place and moves there; null takes the mark away. */
  mark(place: { from: number; length: number } | null): void;
  focus(): void;
}

const tableNames: ReadonlySet<string> = new Set(huntingTables.map(({ name }) => name));

const useStyles = makeStyles({
  frame: {
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusMedium,
    overflow: 'hidden',
    backgroundColor: tokens.colorNeutralBackground1,
    ':focus-within': { border: `1px solid ${tokens.colorCompoundBrandStroke}` },
    '& .cm-editor': { height: '100%', fontSize: tokens.fontSizeBase300 },
    '& .cm-editor.cm-focused': { outline: 'none' },
    '& .cm-scroller': { fontFamily: tokens.fontFamilyMonospace, lineHeight: '1.5' },
    '& .cm-content': { caretColor: tokens.colorNeutralForeground1, padding: '8px 0' },
    '& .cm-cursor': { borderLeftColor: tokens.colorNeutralForeground1 },
    '& .cm-gutters': {
      backgroundColor: tokens.colorNeutralBackground2,
      color: tokens.colorNeutralForeground4,
      border: 'none',
    },
    '& .cm-selectionBackground, & .cm-focused .cm-selectionBackground': {
      backgroundColor: `${tokens.colorBrandBackground2Hover} !important`,
    },
    '& .cm-placeholder': { color: tokens.colorNeutralForeground4 },
    '& .kql-comment': { color: tokens.colorPaletteGreenForeground1 },
    '& .kql-string': { color: tokens.colorPaletteDarkOrangeForeground1 },
    '& .kql-number, & .kql-time': { color: tokens.colorPalettePurpleForeground2 },
    '& .kql-operator': { color: tokens.colorBrandForeground1, fontWeight: tokens.fontWeightSemibold },
    '& .kql-word': { color: tokens.colorBrandForeground1 },
    '& .kql-function': { color: tokens.colorPaletteBerryForeground1 },
    '& .kql-table': { color: tokens.colorPaletteTealForeground2, fontWeight: tokens.fontWeightSemibold },
    '& .kql-fault': {
      textDecorationLine: 'underline',
      textDecorationStyle: 'wavy',
      textDecorationColor: tokens.colorPaletteRedForeground1,
      backgroundColor: tokens.colorPaletteRedBackground1,
    },
    '& .cm-tooltip': {
      backgroundColor: tokens.colorNeutralBackground1,
      color: tokens.colorNeutralForeground1,
      border: `1px solid ${tokens.colorNeutralStroke1}`,
      boxShadow: tokens.shadow8,
    },
    '& .cm-tooltip-autocomplete > ul > li[aria-selected]': {
      backgroundColor: `${tokens.colorBrandBackground} !important`,
      color: tokens.colorNeutralForegroundOnBrand,
    },
    '& .cm-completionDetail': { color: 'inherit', opacity: 0.7 },
  },
});

export interface KqlEditorProps {
  readonly ref: Ref<KqlEditorHandle>;
  readonly initial: string;
  readonly height: string;
  onRun(): void;
  onChange(text: string): void;
}

export function KqlEditor({ ref, initial, height, onRun, onChange }: KqlEditorProps) {
  const styles = useStyles();
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const callbacks = useRef({ onRun, onChange });
  useEffect(() => {
    callbacks.current = { onRun, onChange };
  });
  const first = useRef(initial);

  useEffect(() => {
    if (!place.current) return;
    const runQuery = () => {
      callbacks.current.onRun();
      return true;
    };
    const editor = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: first.current,
        extensions: [
          // Before the rest, which would take Ctrl+Enter for a new line.
          keymap.of([
            { key: 'Mod-Enter', run: runQuery },
            { key: 'Shift-Enter', run: runQuery },
            { key: 'Mod-/', run: toggleComment },
            { key: 'Tab', run: acceptCompletion },
          ]),
          lineNumbers(),
          history(),
          drawSelection(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ override: [complete], icons: false }),
          keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': 'Query, in KQL. Ctrl+Enter runs it.' }),
          EditorState.languageData.of(() => [{ commentTokens: { line: '//' } }]),
          placeholder('DeviceProcessEvents | where Timestamp > ago(1d) | take 50'),
          colours,
          faults,
          EditorView.updateListener.of((update) => {
            if (update.docChanged) callbacks.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => {
      view.current = null;
      editor.destroy();
    };
  }, []);

  useImperativeHandle(ref, () => ({
    text: () => view.current?.state.doc.toString() ?? '',
    replace(text) {
      const editor = view.current;
      editor?.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
    },
    insert(text) {
      const editor = view.current;
      if (!editor) return;
      editor.dispatch(editor.state.replaceSelection(text));
      editor.focus();
    },
    mark(fault) {
      const editor = view.current;
      if (!editor) return;
      const size = editor.state.doc.length;
      const from = Math.min(fault?.from ?? 0, size);
      editor.dispatch({
        effects: setFault.of(fault ? { from, to: Math.min(from + Math.max(fault.length, 1), size) } : null),
        ...(fault ? { selection: { anchor: from }, scrollIntoView: true } : {}),
      });
      if (fault) editor.focus();
    },
    focus: () => view.current?.focus(),
  }));

  return <div ref={place} className={styles.frame} style={{ height }} />;
}

const marks = Object.fromEntries(
  ['comment', 'string', 'number', 'time', 'operator', 'word', 'function', 'table'].map((kind) => [
    kind,
    Decoration.mark({ class: `kql-${kind}` }),
  ]),
);

/** A query is short: it is coloured whole at every change. */
function colour(view: EditorView): DecorationSet {
  const ranges: Range<Decoration>[] = [];
  for (const { kind, from, to } of tokenizeKql(view.state.doc.toString(), tableNames)) {
    const mark = marks[kind];
    if (mark) ranges.push(mark.range(from, to));
  }
  return Decoration.set(ranges);
}

const colours = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet;
    constructor(view: EditorView) {
      this.decorations = colour(view);
    }
    update(update: ViewUpdate) {
      if (update.docChanged) this.decorations = colour(update.view);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);

const setFault = StateEffect.define<{ from: number; to: number } | null>();
const faultMark = Decoration.mark({ class: 'kql-fault' });

const faults = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(before, transaction) {
    let now = before.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(setFault)) continue;
      const fault = effect.value;
      now =
        fault && fault.to > fault.from
          ? Decoration.set([faultMark.range(fault.from, fault.to)])
          : Decoration.none;
    }
    return now;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const boosts: Record<Suggestion['kind'], number> = { table: 2, operator: 2, column: 1, function: 0, word: 0 };

function complete(context: CompletionContext): CompletionResult | null {
  if (!context.explicit && !context.matchBefore(/[A-Za-z_]\w*/)) return null;
  const found = completionsAt(context.state.doc.toString(), context.pos, huntingTables);
  if (!found) return null;
  return {
    from: found.from,
    validFor: /^[\w-]*$/,
    options: found.suggestions.map(({ label, kind, detail, info }) => ({
      label,
      boost: boosts[kind],
      ...(detail === undefined ? {} : { detail }),
      ...(info === undefined ? {} : { info }),
    })),
  };
}
