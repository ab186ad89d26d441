/**
 * The seam between the composition root and a feature. A feature is a folder whose `index.ts` exports `create<Name>(deps)` and,
 * where it keeps tables, `<name>Migrations`: migrations are static, because the state store runs them before any feature exists.
 */
import type { EventLog } from '@merlon/event-log';
import type { EventStore } from '@merlon/event-store';
import type { Migration, StateStore } from '@merlon/state-store';
import type { Command } from 'commander';
import type { Config } from './config.ts';
import type { Audit } from './features/audit/index.ts';
import type { Route, SocketRoute } from './http/route.ts';
import type { Clock } from './telemetry/clock.ts';
import type { Logger } from './telemetry/log.ts';
import type { Metrics } from './telemetry/metrics.ts';

export type { Migration };

export interface Feature {
  readonly name: string;
  readonly routes: readonly Route[];
  readonly sockets?: readonly SocketRoute[];
  /** What `merlon <command>` may ask of the running server over the admin socket, by name: `app.create`. */
  readonly admin?: Readonly<Record<string, AdminHandler>>;
  /** After every store is open and every feature made, before the server listens. */
  start?(): Promise<void>;
  /** After the server stopped listening, before the stores close. Reverse order of start. */
  stop?(): Promise<void>;
}

/**
 * One administrative call. Input is JSON from the command line of whoever may open `$MERLON_HOME/admin.sock`; check it. Throw ApiError to
 * refuse. An async iterable is streamed to the caller, one JSON line each, for calls that take long.
 */
export type AdminHandler = (
  input: unknown,
  context: { readonly signal: AbortSignal },
) => Promise<unknown> | AsyncIterable<unknown>;

/** What every feature may lean on. Take only the parts you use: `Pick<Platform, 'state' | 'audit'>`. */
export interface Platform {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly state: StateStore;
  readonly events: EventStore;
  readonly eventLog: EventLog;
  readonly audit: Audit;
  /** `https://host:port` under which clients and devices reach this server, without a trailing slash. Known once the server listens: ask when needed. */
  publicOrigin(): string;
  /** PEM of the CA that signs the server's certificate; what devices pin. */
  readonly caPem: string;
  /** Aborts when the server begins to stop. */
  readonly stopping: AbortSignal;
}

/**
 * A feature's own commands: `<name>Commands` in its `commands.ts`, listed in `cli/program.ts`. That file must not import the feature's server
 * part, so that a command starts at once.
 */
export type RegisterCommands = (program: Command, context: CliContext) => void;

export interface CliContext {
  /**
   * Calls a feature's admin handler in the running server. Rejects with a message fit to print when no server runs here.
   * Handlers that stream: use `stream`.
   */
  call<T>(name: string, input: unknown): Promise<T>;
  stream<T>(name: string, input: unknown): AsyncIterable<T>;
  /** Prints `value` as one JSON text with `--json`, else what `human` gives. Every command ends with this. */
  print(command: Command, value: unknown, human: () => string): void;
  /** MERLON_HOME, absolute. */
  readonly home: string;
}
