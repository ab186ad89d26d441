import { runKustoScripts } from '#kusto-scripts';
import type { BoundType, DotnetList, SyntaxNode } from './syntax.ts';

/** An opaque symbol, or table of symbols, of the library. */
export interface LibrarySymbol {
  readonly Name: string;
}

export interface LibraryDiagnostic {
  readonly Code: string;
  readonly Message: string;
  readonly Severity: string;
  readonly Start: number;
  readonly Length: number;
}

export interface BoundCode {
  readonly Kind: string;
  readonly Syntax: SyntaxNode;
  readonly ResultType: BoundType | null;
  GetDiagnostics(): DotnetList<LibraryDiagnostic>;
}

export interface LibraryGlobals {
  WithCluster(cluster: LibrarySymbol): LibraryGlobals;
  WithDatabase(database: LibrarySymbol): LibraryGlobals;
}

/** What `$names[Kind]` says of an item: `Column`, `Table`, `BuiltInFunction`. */
export interface LibraryCompletion {
  readonly DisplayText: string;
  readonly BeforeText: string;
  readonly AfterText: string | null;
  readonly OrderText: string;
  readonly Kind: number;
}

/** Of one text, for editors. */
export interface LibraryCodeService {
  GetCompletionItems(position: number): {
    readonly EditStart: number;
    readonly EditLength: number;
    readonly Items: DotnetList<LibraryCompletion>;
  };
  GetQuickInfo(position: number): { readonly Text: string | null };
  GetElement(position: number): { readonly Start: number; readonly Length: number } | null;
}

type Factory<Args extends unknown[]> = new (...args: Args) => LibrarySymbol;

/** The part of `@kusto/language-service-next` that is used, with the constructor suffixes that its generator gave version 12.4.1. */
export interface KustoLibrary {
  readonly GlobalState: { readonly Default: LibraryGlobals };
  readonly KustoCode: {
    Parse(text: string): BoundCode;
    ParseAndAnalyze(text: string, globals: LibraryGlobals): BoundCode;
  };
  readonly KustoFacts: { GetExpressionResultName(expression: SyntaxNode, fallback: string): string | null };
  readonly Editor: {
    readonly KustoCodeService: {
      readonly $ctor1: new (text: string, globals: LibraryGlobals) => LibraryCodeService;
    };
    readonly CompletionKind: { readonly $names: readonly string[] };
  };
  readonly Functions: { readonly All: readonly LibrarySymbol[] };
  readonly Aggregates: { readonly All: readonly LibrarySymbol[] };
  readonly PlugIns: { readonly All: readonly LibrarySymbol[] };
  readonly Symbols: {
    readonly ScalarTypes: { GetSymbol(name: string): LibrarySymbol };
    readonly ColumnSymbol: Factory<[name: string, type: LibrarySymbol]>;
    readonly TableSymbol: { readonly $ctor4: Factory<[name: string, columns: readonly LibrarySymbol[]]> };
    readonly DatabaseSymbol: { readonly ctor: Factory<[name: string, members: readonly LibrarySymbol[]]> };
    readonly ClusterSymbol: { readonly ctor: Factory<[name: string, databases: readonly LibrarySymbol[]]> };
  };
}

let loaded: KustoLibrary | undefined;

/**
 * Microsoft's parser and binder. The first call costs about a quarter of a second, and the first query bound after it about one.
 * Its two scripts put `Bridge`, `System` and `Kusto` on `globalThis`.
 */
export function kustoLibrary(): KustoLibrary {
  loaded ??= load();
  return loaded;
}

function load(): KustoLibrary {
  runKustoScripts();
  const kusto: unknown = Reflect.get(globalThis, 'Kusto');
  const language = (kusto as { Language?: KustoLibrary } | undefined)?.Language;
  if (language === undefined) throw new Error('@kusto/language-service-next did not define Kusto.Language');
  smokeTest(language);
  return language;
}

/** The suffixes are generated: another version may give the same name to another constructor. Better not to start than to bind wrongly. */
function smokeTest(library: KustoLibrary): void {
  const { Symbols: symbols } = library;
  const column = new symbols.ColumnSymbol('Number', symbols.ScalarTypes.GetSymbol('long'));
  const table = new symbols.TableSymbol.$ctor4('Probe', [column]);
  const database = new symbols.DatabaseSymbol.ctor('probe', [table]);
  const cluster = new symbols.ClusterSymbol.ctor('probe', [database]);
  const globals = library.GlobalState.Default.WithCluster(cluster).WithDatabase(database);
  const code = library.KustoCode.ParseAndAnalyze(
    'Probe | where Number > 1 | project Half = Number / 2.0',
    globals,
  );
  const result = code.ResultType?.Columns;
  const half = result?.getItem(0);
  if (
    code.GetDiagnostics().Count !== 0 ||
    result?.Count !== 1 ||
    half?.Name !== 'Half' ||
    half.Type.Name !== 'real'
  ) {
    throw new Error('@kusto/language-service-next does not answer as the pinned version does');
  }
}
