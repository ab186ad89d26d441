/** Managing collectors, and what became of their events. */
import { randomUUID } from 'node:crypto';
import { ApiError, nowIso7 } from '@merlon/contract';
import { Type } from 'typebox';
import { defineOperation, type Operation } from '../../management/operation.ts';
import type { Clock } from '../../telemetry/clock.ts';
import { newSecret } from './collector-secret.ts';
import { HOST_PATTERN } from './host-patterns.ts';
import type { CollectorRow, CollectorsStore } from './store.ts';

const DAY_MS = 86_400_000;
const exactly = { additionalProperties: false } as const;
const id = Type.String({ format: 'uuid' });
const managing = { role: 'PortalSettings.Manage' } as const;
const path = '/api/merlon/collectors';
const pattern = new RegExp(HOST_PATTERN, 'u');

const CollectorShape = Type.Object({
  id,
  name: Type.String(),
  hint: Type.String({ description: 'The first characters of the secret.' }),
  hosts: Type.Array(Type.String(), {
    description: 'Hosts it may speak for, `*` for any run of characters. Empty: any.',
  }),
  deviceGroups: Type.Array(Type.Integer(), {
    description: 'Device groups its hosts must belong to. Empty: any.',
  }),
  state: Type.Union([Type.Literal('Active'), Type.Literal('Expired'), Type.Literal('Revoked')]),
  createdBy: Type.String(),
  createdAt: Type.String(),
  expiresAt: Type.String(),
});

export function collectorOperations(deps: {
  readonly store: CollectorsStore;
  readonly clock: Clock;
  /** From now on its secret opens nothing. */
  revoked(collectorId: string): void;
  /** Writes down what was counted so far. */
  flushCounts(): Promise<void>;
  /** Address that collectors send to, without a trailing slash. */
  address(): string;
}): Operation[] {
  const { store, clock } = deps;
  const shape = (row: CollectorRow) => ({
    id: row.id,
    name: row.name,
    hint: row.hint,
    hosts: row.hosts,
    deviceGroups: row.device_groups,
    state: stateOf(row, clock.now()),
    createdBy: row.created_by,
    createdAt: nowIso7(row.created_at),
    expiresAt: nowIso7(row.expires_at),
  });
  return [
    defineOperation({
      name: 'collector.list',
      method: 'GET',
      path,
      summary: 'List the programs that ship events of other hosts.',
      ...managing,
      changes: null,
      input: Type.Object({}, exactly),
      output: Type.Object({ value: Type.Array(CollectorShape) }),
      run: async ({ tenantId }) => ({ value: (await store.list(tenantId)).map(shape) }),
    }),
    defineOperation({
      name: 'collector.create',
      method: 'POST',
      path,
      summary: 'Let a program ship events of other hosts; its secret is shown this once.',
      ...managing,
      changes: 'collector',
      lasting: true,
      input: Type.Object(
        {
          name: Type.String({ minLength: 1, maxLength: 120 }),
          hosts: Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 253 }), { maxItems: 200 })),
          deviceGroups: Type.Optional(Type.Array(Type.Integer({ minimum: 0 }), { maxItems: 200 })),
          days: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_830 })),
        },
        exactly,
      ),
      output: Type.Object({
        ...CollectorShape.properties,
        secret: Type.String({ description: 'Shown this once.' }),
        apiKey: Type.String({
          description: 'The same as Beats and Elastic Agent take it: `<id>:<secret>`. Shown this once.',
        }),
        address: Type.String({
          description: 'Below it are `/elastic`, `/events`, `/files` and `/services/collector`.',
        }),
      }),
      async run({ tenantId, actor }, { name, hosts = [], deviceGroups = [], days = 365 }) {
        for (const host of hosts)
          if (!pattern.test(host))
            throw new ApiError('InvalidInput', `'${host.slice(0, 64)}' is no host name or pattern of one.`);
        const { secret, hash, hint } = newSecret();
        const now = clock.now();
        const row = {
          id: randomUUID(),
          name,
          hash,
          hint,
          hosts,
          device_groups: deviceGroups,
          created_by: actor.name,
          created_at: now,
          expires_at: new Date(now.getTime() + days * DAY_MS),
        };
        await store.add(tenantId, row);
        return {
          ...shape({ ...row, tenant_id: tenantId, revoked_at: null }),
          secret,
          apiKey: `${row.id}:${secret}`,
          address: deps.address(),
        };
      },
    }),
    defineOperation({
      name: 'collector.revoke',
      method: 'DELETE',
      path: `${path}/:id`,
      summary: 'Take no more events from a collector. What it sent stays.',
      ...managing,
      changes: 'collector',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: CollectorShape,
      async run({ tenantId }, input) {
        const row = await store.revoke(tenantId, input.id, clock.now());
        deps.revoked(input.id);
        return shape(row);
      },
    }),
    defineOperation({
      name: 'collector.counts',
      method: 'GET',
      path: `${path}/:id/counts`,
      summary: 'What became of the events of a collector, by source, event id and reason.',
      ...managing,
      changes: null,
      input: Type.Object({ id }, exactly),
      output: Type.Object({
        value: Type.Array(
          Type.Object({
            source: Type.String(),
            eventId: Type.String(),
            fate: Type.String({
              description:
                'row: kept. left: understood, nothing to keep of it. joined: part of an event with others. malformed, quarantined: not taken.',
            }),
            reason: Type.String(),
            events: Type.Integer(),
            lastAt: Type.String(),
            lastHost: Type.Union([Type.String(), Type.Null()]),
          }),
        ),
      }),
      async run({ tenantId }, input) {
        await store.find(tenantId, input.id);
        await deps.flushCounts();
        const counts = await store.counts(tenantId, input.id);
        return { value: counts.map(({ lastAt, ...one }) => ({ ...one, lastAt: nowIso7(lastAt) })) };
      },
    }),
  ];
}

function stateOf(row: CollectorRow, now: Date): 'Active' | 'Expired' | 'Revoked' {
  if (row.revoked_at !== null) return 'Revoked';
  return row.expires_at <= now ? 'Expired' : 'Active';
}
