/**
 * One order for many devices: what the portal does with a selection, and the API of the service has not. Each device is an order of its own, with its own record,
 * approval and end; what one of them cannot do keeps none of the others from it.
 */
import { ApiError, MachineAction } from '@merlon/contract';
import { Type } from 'typebox';
import { defineRoute, type Route } from '../../http/route.ts';
import { actionKinds, requireMayOrder } from './action-kinds.ts';
import { machineActionEntity } from './machine-action-entity.ts';
import type { Asked, OrderSpec } from './order-routes.ts';
import type { Ordering } from './ordering.ts';

const MAX_DEVICES = 500;
/** Orders made side by side: enough to hide the database's answer time, few enough to leave it to others. */
const AT_ONCE = 8;

const Outcome = Type.Object({
  machineId: Type.String({ description: 'As it was given.' }),
  action: Type.Union([MachineAction, Type.Null()], {
    description: 'The action ordered; null when it was not.',
  }),
  error: Type.Union([Type.Object({ code: Type.String(), message: Type.String() }), Type.Null()], {
    description: 'Why it was not ordered.',
  }),
});

export function bulkOrderRoute(deps: {
  readonly ordering: Ordering;
  readonly specs: readonly OrderSpec[];
}): Route {
  const kinds = deps.specs.map(({ kind }) => kind);
  const permissions = [...new Set(kinds.map((kind) => actionKinds[kind].permission))];
  return defineRoute({
    id: 'machines.bulkOrder',
    method: 'POST',
    path: '/api/merlon/machineactions/bulk',
    summary: 'Give one order to many devices; the answer tells of each.',
    access: {
      kind: 'api',
      application: permissions,
      delegated: permissions,
      // That of the kind, which the body tells.
      role: null,
      // Each device is asked for when it is ordered.
      deviceScope: 'filter',
    },
    audit: 'machine.bulkOrder',
    body: Type.Object(
      {
        Type: Type.Enum([...kinds]),
        MachineIds: Type.Array(Type.String({ minLength: 1, maxLength: 255 }), {
          minItems: 1,
          maxItems: MAX_DEVICES,
          uniqueItems: true,
        }),
        Order: Type.Record(Type.String(), Type.Unknown(), {
          description: 'The body of the call that gives this order to one device.',
        }),
      },
      { additionalProperties: false },
    ),
    responses: { 200: Type.Object({ value: Type.Array(Outcome) }) },
    async handle({ body, caller, audit }) {
      const spec = deps.specs.find(({ kind }) => kind === body.Type);
      if (!spec) throw new ApiError('InvalidInput', `Type ${body.Type} is none of ${kinds.join(', ')}.`);
      requireMayOrder(caller, spec.kind, 'An order');
      const order = spec.read(body.Order);
      const asked: Asked = await spec.asked(order, caller.tenantId);
      audit.target('machines', `${body.MachineIds.length} devices`);
      const value = await inParallel(body.MachineIds, async (machineId) => {
        const own = audit.part(actionKinds[spec.kind].audit);
        try {
          const action = await deps.ordering.order({
            ...asked,
            caller,
            audit: own,
            machine: machineId,
            comment: order.Comment,
          });
          return { machineId, action: machineActionEntity(action), error: null };
        } catch (error) {
          if (!(error instanceof ApiError) || error.status >= 500) throw error;
          await own.refused(error);
          return { machineId, action: null, error: { code: error.code, message: error.publicMessage } };
        }
      });
      audit.details({
        type: body.Type,
        comment: order.Comment,
        ordered: value.filter(({ action }) => action !== null).length,
        refused: value.filter(({ error }) => error !== null).length,
      });
      return { status: 200, body: { value } };
    },
  });
}

/** Answers in the order of the items. */
async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at] as T);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return results;
}
