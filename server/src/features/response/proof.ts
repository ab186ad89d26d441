/**
 * What a receipt must show before an action is said to have succeeded. A device is a stranger: its signature says who speaks, not that it is true; but a receipt
 * whose own evidence contradicts the order, or names a file that never came, is no proof. Pure.
 */
import { type OrderKind, type OrderParams, resultsOf } from '@merlon/contract';
import { readCommandReports } from './live-response-commands.ts';

export interface ProofContext {
  /** SHA-256 of each result of the order that came whole, by name. */
  readonly results: ReadonlyMap<string, string>;
}

type Evidence = Readonly<Record<string, unknown>>;
type Rule<K extends OrderKind> = (
  evidence: Evidence,
  params: OrderParams<K>,
  context: ProofContext,
) => string | null;

const rules: { readonly [K in OrderKind]: Rule<K> } = {
  Isolate: ({ after }, { isolationType }) =>
    memberOf(after, 'isolation') === isolationType
      ? null
      : `the isolation in force is ${text(memberOf(after, 'isolation'))}, not ${isolationType}`,
  Unisolate: ({ after }) =>
    memberOf(after, 'isolation') === 'None'
      ? null
      : `the isolation in force is ${text(memberOf(after, 'isolation'))}, not None`,
  RestrictCodeExecution: ({ after }) =>
    memberOf(after, 'restricted') === true ? null : 'the restriction is not in force',
  UnrestrictCodeExecution: ({ after }) =>
    memberOf(after, 'restricted') === false ? null : 'the restriction is still in force',
  RunAntiVirusScan: ({ scanType, files }, params) => {
    if (scanType !== params.scanType) return `the scan was ${text(scanType)}, not ${params.scanType}`;
    return typeof files === 'number' && files >= 0 ? null : 'no number of files is said';
  },
  StopAndQuarantineFile: ({ moved }) =>
    Array.isArray(moved) && moved.length > 0 ? null : 'no file was put away',
  RestoreQuarantinedFile: ({ restored }) =>
    Array.isArray(restored) && restored.length > 0 ? null : 'no file was put back',
  CollectInvestigationPackage: ({ file, sha256 }, _params, { results }) =>
    typeof file === 'string' && typeof sha256 === 'string' && results.get(file) === sha256
      ? null
      : `the package ${text(file)} with the hash ${text(sha256)} never came`,
  Offboard: () => null,
  LiveResponse: ({ commands }, params, { results }) => {
    const reports = readCommandReports(commands, params.commands.length);
    if (reports?.length !== params.commands.length) return 'it does not tell of each command';
    const unfinished = reports.find(({ commandStatus }) => commandStatus !== 'Completed');
    if (unfinished) return `it says that command ${unfinished.index} is ${unfinished.commandStatus}`;
    const missing = resultsOf('LiveResponse', params).find(({ name }) => !results.has(name));
    return missing ? `what command ${missing.name} yielded never came` : null;
  },
};

/** Null, or what the receipt of a success fails to show. */
export function missingProof<K extends OrderKind>(
  { type, params }: { readonly type: K; readonly params: Readonly<Record<string, unknown>> },
  evidence: Evidence,
  context: ProofContext,
): string | null {
  // The params are those the order was made with, checked when it was.
  return rules[type](evidence, params as OrderParams<K>, context);
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Evidence)[name] : undefined;
}

function text(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 100) ?? 'nothing';
}
