/** A tenant's YARA rules, as operations: checked before they are kept, told to the devices they are for, and looked for by every scan. */
import { ApiError, nowIso7, YARA_RULES_ID_PATTERN, type YaraRulesItem } from '@merlon/contract';
import { Type } from 'typebox';
import { defineOperation, type Operation } from '../../management/operation.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { DeviceContents } from '../device-content/index.ts';
import type { YaraRulesRow, yaraRulesStore } from './store.ts';
import { type CompiledRules, compileRules } from './yara-compiler.ts';

const TOPIC = 'yaraRules';
const MAX_SOURCES = 200;
const MAX_SOURCE_CHARS = 256 * 1024;
const MAX_BYTES = 8 * 1024 * 1024;

const exactly = { additionalProperties: false } as const;
const id = Type.String({
  pattern: YARA_RULES_ID_PATTERN,
  description: 'Name of the set: letters, digits and underscores. It becomes the namespace of its rules.',
});
const deviceGroups = Type.Array(Type.Integer({ minimum: 0 }), { maxItems: 200 });
const Facts = {
  id: Type.String(),
  rules: Type.Array(Type.String()),
  /** Empty: every device. */
  deviceGroups: Type.Array(Type.Integer()),
  updatedAt: Type.String(),
  updatedBy: Type.String(),
};
export const YaraRulesListed = Type.Object({ ...Facts, bytes: Type.Integer() });
const YaraRules = Type.Object({ ...Facts, text: Type.String() });

export function yaraRuleOperations(deps: {
  readonly store: ReturnType<typeof yaraRulesStore>;
  readonly content: Pick<DeviceContents, 'change' | 'changed'>;
  readonly clock: Clock;
  readonly workerUrl: URL;
}): Operation[] {
  const { store, content, clock } = deps;
  const path = '/api/merlon/yararules';
  const read = 'ViewData.SecurityOperations';
  // They reach every device, so whoever sees only some does not write them.
  const write = 'PortalSettings.Manage';
  return [
    defineOperation({
      name: 'yaraRules.list',
      method: 'GET',
      path,
      summary: 'Sets of YARA rules that scans of devices look for.',
      role: read,
      changes: null,
      input: Type.Object({}, exactly),
      output: Type.Object({ value: Type.Array(YaraRulesListed) }),
      run: async ({ tenantId }) => ({
        value: (await store.list(tenantId)).map((row) => ({ ...facts(row), bytes: row.bytes })),
      }),
    }),
    defineOperation({
      name: 'yaraRules.get',
      method: 'GET',
      path: `${path}/:id`,
      summary: 'One set of YARA rules, with its text.',
      role: read,
      changes: null,
      input: Type.Object({ id }, exactly),
      output: YaraRules,
      async run({ tenantId }, input) {
        const row = await store.find(tenantId, input.id);
        if (!row) throw notFound(input.id);
        return { ...facts(row), text: row.text };
      },
    }),
    defineOperation({
      name: 'yaraRules.set',
      method: 'PUT',
      path: `${path}/:id`,
      summary:
        'Keep a set of YARA rules, new or in place of the one of that name; devices have it within seconds.',
      role: write,
      changes: 'YARA rules',
      lasting: false,
      input: Type.Object(
        {
          id,
          text: Type.String({ minLength: 1, maxLength: MAX_SOURCE_CHARS }),
          deviceGroups: Type.Optional(deviceGroups),
        },
        exactly,
      ),
      output: YaraRules,
      // It may take a second: no transaction waits for it.
      prepare: (_caller, { text }) => compileRules(text, deps.workerUrl),
      async run({ tenantId, actor }, input, compiled: CompiledRules) {
        const row = await store.put(
          tenantId,
          {
            id: input.id,
            text: input.text,
            rules: [...compiled.rules],
            device_groups: input.deviceGroups ?? [],
            updated_at: clock.now(),
            updated_by: actor.name,
          },
          ({ count, bytes }) => requireRoom(count, bytes + Buffer.byteLength(input.text)),
          (db) => content.change(db, TOPIC, { upserts: [contentOf(input)], removes: [] }),
        );
        await content.changed(tenantId, TOPIC);
        return { ...facts(row), text: row.text };
      },
    }),
    defineOperation({
      name: 'yaraRules.remove',
      method: 'DELETE',
      path: `${path}/:id`,
      summary: 'Remove a set of YARA rules; scans that run finish with it.',
      role: write,
      changes: 'YARA rules',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: YaraRules,
      async run({ tenantId }, input) {
        const row = await store.remove(tenantId, input.id, (db) =>
          content.change(db, TOPIC, { upserts: [], removes: [input.id] }),
        );
        if (!row) throw notFound(input.id);
        await content.changed(tenantId, TOPIC);
        return { ...facts(row), text: row.text };
      },
    }),
  ];
}

function contentOf({
  id: setId,
  text,
  deviceGroups: groups = [],
}: YaraRulesItem & { deviceGroups?: number[] }) {
  return { id: setId, scopes: groups.map(String), item: { id: setId, text }, expiresAt: null };
}

function facts(row: Omit<YaraRulesRow, 'text' | 'tenant_id'>) {
  return {
    id: row.id,
    rules: row.rules,
    deviceGroups: row.device_groups,
    updatedAt: nowIso7(row.updated_at),
    updatedBy: row.updated_by,
  };
}

function requireRoom(others: number, bytes: number): void {
  if (others >= MAX_SOURCES)
    throw new ApiError('DisallowedOperation', `A tenant holds at most ${MAX_SOURCES} sets of YARA rules.`);
  if (bytes > MAX_BYTES)
    throw new ApiError(
      'DisallowedOperation',
      `A tenant's YARA rules hold at most ${MAX_BYTES} bytes together.`,
    );
}

function notFound(setId: string): ApiError {
  return new ApiError('ResourceNotFound', `There are no YARA rules called ${setId}.`);
}
