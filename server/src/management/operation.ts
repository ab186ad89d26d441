/**
 * Management as data: one table of operations serves the REST routes, OpenAPI and the command line, so that none of them can do what another
 * cannot, and each leaves the same record in the audit trail.
 */
import { ApiError, type ApplicationPermission, type PortalPermission } from '@merlon/contract';
import type { StateStore } from '@merlon/state-store';
import { type Static, type TObject, type TSchema, Type } from 'typebox';
import type { AdminHandler } from '../feature.ts';
import {
  type Audit,
  type AuditActor,
  type AuditEntry,
  LOCAL_ADMINISTRATOR,
} from '../features/audit/index.ts';
import { requireStanding } from '../http/authorize.ts';
import type { ApiAccess, Lasting, Method, Reply, Route } from '../http/route.ts';
import { checkInput } from '../http/validation.ts';
import { withoutSecrets } from '../http/without-secrets.ts';
import { canonicalIds } from './canonical-ids.ts';

/** Who asks an operation to be done. */
export interface OperationCaller {
  readonly tenantId: string;
  readonly actor: AuditActor;
  /** Object id of the person; null on the command line and for a program. */
  readonly userId: string | null;
  /** What a program holds, which is also the most it can hand on; null for people and the command line. */
  readonly program: { readonly clientId: string; readonly permissions: ReadonlySet<string> } | null;
}

export type Operation<I extends TObject = TObject, O extends TSchema = TSchema, P = unknown> = OperationFacts<
  I,
  O,
  P
> &
  (
    | {
        /** It only reads. */
        readonly changes: null;
      }
    | {
        /** Kind of the thing it changes, for the trail. */
        readonly changes: string;
        readonly lasting: Lasting;
      }
  );

interface OperationFacts<I extends TObject, O extends TSchema, P> {
  /** `deviceGroup.create`: what the command line calls, the id of the route, and the event of the trail when it changes something. */
  readonly name: string;
  readonly method: Method;
  /** Parameters of the path are members of the input. */
  readonly path: string;
  readonly summary: string;
  /** Null: any person may, about himself. */
  readonly role: PortalPermission | null;
  /** Any one lets a program use it. Absent: people in the portal and the command line only. */
  readonly application?: readonly ApplicationPermission[];
  readonly input: I;
  readonly output: O;
  /** What must not keep a transaction waiting, as asking another server; done before `run`, and what was read in it may be old by then. */
  prepare?(caller: OperationCaller, input: Static<I>): Promise<P>;
  /** The id of what was changed is taken from `id` of the input or of the answer. */
  run(caller: OperationCaller, input: Static<I>, prepared: P): Promise<Static<O>>;
}

export function defineOperation<I extends TObject, O extends TSchema, P = undefined>(
  operation: Operation<I, O, P>,
): Operation {
  // The edge checks the input before it calls, so what arrives has the type that was asked for.
  return operation as unknown as Operation;
}

/** A change and its record stand or fall together, however many transactions the change is made of. */
export function operationRoutes(
  operations: readonly Operation[],
  state: Pick<StateStore, 'together'>,
): Route[] {
  return operations.map((operation): Route => {
    const { params, rest } = parted(operation);
    const status = operation.method === 'POST' && operation.changes !== null ? 201 : 200;
    const input = operation.method === 'GET' || operation.method === 'DELETE' ? 'query' : 'body';
    const access: ApiAccess = {
      kind: 'api',
      application: operation.application ?? [],
      delegated: 'portal',
      role: operation.role,
      deviceScope: 'none',
      lasting: operation.changes !== null && operation.lasting,
    };
    return {
      id: operation.name,
      method: operation.method,
      path: operation.path,
      summary: operation.summary,
      access,
      audit: operation.changes === null ? null : operation.name,
      accepts: input === 'body' && rest !== null ? 'json' : 'none',
      ...(params === null ? {} : { params }),
      ...(rest === null ? {} : { [input]: rest }),
      responses: { [status]: operation.output },
      async handle(request): Promise<Reply> {
        const { caller } = request;
        if (caller === null || !('clientId' in caller)) throw new ApiError('Unauthorized');
        const whole = canonicalIds(operation.input, {
          ...(request.params as object),
          ...(rest === null ? {} : (request[input] as object)),
        }) as Record<string, unknown>;
        const asked = idOf(whole);
        if (operation.changes !== null && asked !== null) request.audit.target(operation.changes, asked);
        if (access.lasting === 'unlessOff' && !onlyTurnsOff(whole)) requireStanding(access, caller);
        const user = caller.kind === 'user';
        const asking: OperationCaller = {
          tenantId: caller.tenantId,
          actor: { kind: caller.kind, id: caller.id, name: caller.name },
          userId: user ? caller.id : null,
          program: user ? null : { clientId: caller.clientId, permissions: caller.permissions },
        };
        const prepared = await operation.prepare?.(asking, whole);
        const run = () => operation.run(asking, whole, prepared);
        if (operation.changes === null) return { status, body: (await run()) as object };
        const { changes } = operation;
        const body = await state.together(async () => {
          const answer = await run();
          const made = asked ?? idOf(answer);
          if (made !== null) request.audit.target(changes, made);
          await request.audit.recordTogether();
          return answer as object;
        });
        return { status, body };
      },
    };
  });
}

export function operationHandlers(
  operations: readonly Operation[],
  deps: {
    readonly audit: Audit;
    readonly state: Pick<StateStore, 'together'>;
    tenantOf(nameOrId: string | undefined): Promise<string>;
  },
): Record<string, AdminHandler> {
  return Object.fromEntries(
    operations.map((operation): [string, AdminHandler] => [
      operation.name,
      async (sent) => {
        const { tenant, ...rest } = (sent ?? {}) as { tenant?: unknown };
        const tenantId = await deps.tenantOf(typeof tenant === 'string' ? tenant : undefined);
        const input = canonicalIds(operation.input, checkInput('body', operation.input, rest)) as Record<
          string,
          unknown
        >;
        const record = (
          outcome: AuditEntry['outcome'],
          id: string | null,
          details: Record<string, unknown>,
        ) =>
          operation.changes === null
            ? Promise.resolve()
            : deps.audit.record({
                tenantId,
                actor: LOCAL_ADMINISTRATOR,
                action: operation.name,
                outcome,
                details: { request: withoutSecrets(input), ...details },
                ...(id === null ? {} : { target: { kind: operation.changes, id } }),
              });
        const asking = { tenantId, actor: LOCAL_ADMINISTRATOR, userId: null, program: null };
        try {
          const prepared = await operation.prepare?.(asking, input);
          if (operation.changes === null) return await operation.run(asking, input, prepared);
          return await deps.state.together(async () => {
            const answer = await operation.run(asking, input, prepared);
            await record('success', idOf(input) ?? idOf(answer), {});
            return answer;
          });
        } catch (error) {
          const { code, publicMessage } =
            error instanceof ApiError ? error : { code: 'InternalServerError', publicMessage: '' };
          const outcome = error instanceof ApiError ? 'refused' : 'failed';
          await record(outcome, idOf(input), { error: code, message: publicMessage });
          throw error;
        }
      },
    ]),
  );
}

function onlyTurnsOff({ id: _, enabled, ...more }: Record<string, unknown>): boolean {
  return enabled === false && Object.keys(more).length === 0;
}

function idOf(value: unknown): string | null {
  const id = (value as { id?: unknown } | null)?.id;
  return typeof id === 'string' || typeof id === 'number' ? String(id) : null;
}

/** The members of the input that stand in the path, and those that do not. */
function parted({ path, input }: Operation): { params: TObject | null; rest: TObject | null } {
  const inPath = new Set([...path.matchAll(/:(\w+)/g)].map(([, name]) => name));
  const pick = (wanted: boolean): TObject | null => {
    const members = Object.entries(input.properties).filter(([name]) => inPath.has(name) === wanted);
    return members.length === 0
      ? null
      : Type.Object(Object.fromEntries(members), { additionalProperties: false });
  };
  return { params: pick(true), rest: pick(false) };
}
