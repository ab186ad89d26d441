/** The query editor: CodeMirror with KQL colours and completion. */
import {
  acceptCompletion,
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
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
  hoverTooltip,
  keymap,
  lineNumbers,
  placeholder,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view';
import { makeStyles, tokens } from '@fluentui/react-components';
import { huntingTables } from '@merlon/contract';
import type { CompletionKind, KqlCompletion, KqlFault } from '@merlon/kql/language';
import { type Ref, useEffect, useImperativeHandle, useRef } from 'react';
import { tokenizeKql } from './kql-tokens.ts';
import { language } from './language/language-client.ts';

export interface KqlEditorHandle {
  text(): string;
  replace(text: string): void;
  /** Puts the text where the cursor is. */
  insert(text: string): void;
  /** Underlines a place and moves there; null takes the mark away. */
  mark(place: { from: number; length: number; message: string } | null): void;
  focus(): void;
}

const tableNames: ReadonlySet<string> = new Set(huntingTables.map(({ name }) => name));

const useStyles = makeStyles({
  frame: {
    border: `1px solid ${tokens.colorNeutralStroke1}`,
    borderRadius: tokens.borderRadiusMedium,
    overflow: 'hidden',
    flexShrink: 0,
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
    '& .kql-tip': { padding: '6px 10px', maxWidth: '420px', fontSize: tokens.fontSizeBase200 },
    '& .kql-tip-title': { fontFamily: tokens.fontFamilyMonospace, overflowWrap: 'anywhere' },
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
    const runQuery = (view: EditorView) => {
      closeCompletion(view);
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
          lint,
          hover,
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
        effects: setFaults.of(
          fault
            ? [{ from, to: Math.min(from + Math.max(1, fault.length), size), message: fault.message }]
            : [],
        ),
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

const setFaults = StateEffect.define<readonly KqlFault[]>();
const faultMark = Decoration.mark({ class: 'kql-fault' });

interface Faults {
  readonly list: readonly KqlFault[];
  readonly marks: DecorationSet;
}

/** What is wrong, as underlined; an underline moves with its text until the next look. */
const faults = StateField.define<Faults>({
  create: () => ({ list: [], marks: Decoration.none }),
  update(before, transaction) {
    let now = { ...before, marks: before.marks.map(transaction.changes) };
    for (const effect of transaction.effects) {
      if (!effect.is(setFaults)) continue;
      const size = transaction.state.doc.length;
      const list = effect.value
        .map((fault) => ({ ...fault, from: Math.min(fault.from, size), to: Math.min(fault.to, size) }))
        .filter(({ from, to }) => to > from)
        .sort((a, b) => a.from - b.from);
      now = { list, marks: Decoration.set(list.map(({ from, to }) => faultMark.range(from, to))) };
    }
    return now;
  },
  provide: (field) => EditorView.decorations.from(field, ({ marks }) => marks),
});

const boosts: Record<CompletionKind, number> = {
  table: 3,
  column: 2,
  operator: 1,
  variable: 1,
  function: 0,
  word: 0,
};

async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const text = context.state.doc.toString();
  // Where nothing was typed it is offered when asked for, and after a pipe.
  if (!context.explicit && !/[\w|]\s?$/.test(text.slice(0, context.pos))) return null;
  const found = await language.completions(text, context.pos).catch(() => null);
  if (!found || found.items.length === 0 || context.aborted) return null;
  return {
    from: found.from,
    to: Math.max(found.to, context.pos),
    validFor: /^[\w-]*$/,
    options: found.items.map((item, index) => ({
      label: item.before.trimEnd() || item.label,
      displayLabel: item.label,
      detail: item.kind === 'word' ? '' : item.kind,
      // The service has put the best first.
      boost: boosts[item.kind] + (found.items.length - index) / (found.items.length + 1),
      apply: (view: EditorView, _completion: unknown, from: number, to: number) =>
        write(view, item, from, to),
      ...(item.info === null ? {} : { info: item.info }),
    })),
  };
}

/** Writes what goes before the cursor, and behind it what is not there already. */
function write(view: EditorView, { before, after }: KqlCompletion, from: number, to: number): void {
  const behind = view.state.doc.sliceString(to, to + after.length) === after ? '' : after;
  view.dispatch({
    changes: { from, to, insert: before + behind },
    selection: { anchor: from + before.length },
    userEvent: 'input.complete',
  });
}

const LINT_PAUSE_MS = 400;

/** Asks what is wrong once typing pauses. */
const lint = ViewPlugin.fromClass(
  class {
    #timer: ReturnType<typeof setTimeout> | undefined;
    readonly #view: EditorView;
    constructor(view: EditorView) {
      this.#view = view;
      this.#soon();
    }
    update({ docChanged }: ViewUpdate) {
      if (docChanged) this.#soon();
    }
    destroy() {
      clearTimeout(this.#timer);
    }
    #soon() {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#look(), LINT_PAUSE_MS);
    }
    async #look() {
      const { doc } = this.#view.state;
      const found = await language.faults(doc.toString()).catch(() => null);
      // What was typed meanwhile has a look of its own.
      if (found && this.#view.state.doc === doc) this.#view.dispatch({ effects: setFaults.of(found) });
    }
  },
);

/** What is wrong at a place, or else what stands there. */
const hover = hoverTooltip(async (view, at) => {
  const fault = view.state.field(faults).list.find(({ from, to }) => from <= at && at <= to);
  if (fault) return tooltip(fault.from, fault.to, fault.message, null);
  const found = await language.hover(view.state.doc.toString(), at).catch(() => null);
  return found === null ? null : tooltip(found.from, found.to, found.signature, found.info);
});

function tooltip(pos: number, end: number, title: string, info: string | null) {
  return {
    pos,
    end,
    above: true,
    create() {
      const dom = document.createElement('div');
      dom.className = 'kql-tip';
      dom.append(
        Object.assign(document.createElement('div'), { textContent: title, className: 'kql-tip-title' }),
      );
      if (info !== null) dom.append(Object.assign(document.createElement('div'), { textContent: info }));
      return { dom };
    },
  };
}
