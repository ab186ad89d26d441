/** What administrators do with notification rules. */
import { randomUUID } from 'node:crypto';
import { ApiError, nowIso7 } from '@merlon/contract';
import { DeliveryError } from '@merlon/destinations';
import { Type } from 'typebox';
import { defineOperation, type Operation } from '../../management/operation.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { DeviceGroups } from '../device-groups/index.ts';
import { bundled } from './alert-message.ts';
import { NotificationRule, type RuleContent, ruleMembers, type StoredRule, usualRule } from './rule.ts';
import { stateOf, waitingCount } from './rule-outbox.ts';
import type { Sender } from './sender.ts';
import type { NotificationsStore } from './store.ts';

const exactly = { additionalProperties: false } as const;
const managing = { role: 'PortalSettings.Manage' } as const;
const id = Type.String({ format: 'uuid' });
const optional = {
  severities: Type.Optional(ruleMembers.severities),
  deviceGroups: Type.Optional(ruleMembers.deviceGroups),
  digestMinutes: Type.Optional(ruleMembers.digestMinutes),
  maxPerHour: Type.Optional(ruleMembers.maxPerHour),
  enabled: Type.Optional(Type.Boolean()),
} as const;

export function notificationOperations(deps: {
  readonly store: NotificationsStore;
  readonly sender: Sender;
  readonly deviceGroups: Pick<DeviceGroups, 'list'>;
  readonly clock: Clock;
}): Operation[] {
  const { store, sender, clock } = deps;
  const checkGroups = async (tenantId: string, asked: readonly number[]): Promise<void> => {
    if (asked.length === 0) return;
    const known = new Set((await deps.deviceGroups.list(tenantId)).map((group) => group.id));
    const unknown = asked.find((group) => !known.has(group));
    if (unknown !== undefined) throw new ApiError('InvalidInput', `There is no device group ${unknown}.`);
  };
  return [
    defineOperation({
      name: 'notification.list',
      method: 'GET',
      path: '/api/merlon/notifications',
      summary: 'Notification rules of the tenant, and how each fares.',
      ...managing,
      changes: null,
      input: Type.Object({}, exactly),
      output: Type.Object({ value: Type.Array(NotificationRule) }),
      run: async ({ tenantId }) => ({ value: (await store.list(tenantId)).map(shown) }),
    }),
    defineOperation({
      name: 'notification.get',
      method: 'GET',
      path: '/api/merlon/notifications/:id',
      summary: 'One notification rule.',
      ...managing,
      changes: null,
      input: Type.Object({ id }, exactly),
      output: NotificationRule,
      run: async ({ tenantId }, input) => shown(await store.get(tenantId, input.id)),
    }),
    defineOperation({
      name: 'notification.create',
      method: 'POST',
      path: '/api/merlon/notifications',
      summary: 'Tell somebody of alerts from now on, by e-mail, webhook, Slack or Teams.',
      ...managing,
      changes: 'notificationRule',
      lasting: true,
      input: Type.Object({ name: ruleMembers.name, channel: ruleMembers.channel, ...optional }, exactly),
      output: NotificationRule,
      async run({ tenantId }, { channel, ...input }) {
        const newId = randomUUID();
        const content: RuleContent = {
          enabled: true,
          ...usualRule,
          ...input,
          ...(await sender.keep(tenantId, newId, channel)),
        };
        await checkGroups(tenantId, content.deviceGroups);
        return shown(await store.create(tenantId, newId, content, clock.now()));
      },
    }),
    defineOperation({
      name: 'notification.update',
      method: 'PATCH',
      path: '/api/merlon/notifications/:id',
      summary:
        'Change a notification rule, or turn it on or off; what is left out stays, and a channel is replaced whole.',
      ...managing,
      changes: 'notificationRule',
      lasting: 'unlessOff',
      input: Type.Object(
        {
          id,
          name: Type.Optional(ruleMembers.name),
          channel: Type.Optional(ruleMembers.channel),
          ...optional,
        },
        exactly,
      ),
      output: NotificationRule,
      async run({ tenantId }, { id: asked, channel, ...changes }) {
        const old = await store.get(tenantId, asked);
        // Replaced whole, its secrets with it: else whoever may change a rule could have the secret of another sent to himself.
        const kept = channel === undefined ? null : await sender.keep(tenantId, asked, channel);
        const content: RuleContent = { ...contentOf(old), ...changes, ...kept };
        await checkGroups(tenantId, content.deviceGroups);
        return shown(await store.update(tenantId, old, content, clock.now()));
      },
    }),
    defineOperation({
      name: 'notification.remove',
      method: 'DELETE',
      path: '/api/merlon/notifications/:id',
      summary: 'Remove a notification rule. What it has not sent is not sent.',
      ...managing,
      changes: 'notificationRule',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: NotificationRule,
      run: async ({ tenantId }, input) => shown(await store.remove(tenantId, input.id)),
    }),
    defineOperation({
      name: 'notification.test',
      method: 'POST',
      path: '/api/merlon/notifications/:id/test',
      summary: 'Send a message that says it is a test, with an alert that is made up.',
      ...managing,
      changes: 'notificationRule',
      lasting: false,
      input: Type.Object({ id }, exactly),
      output: Type.Object({
        sent: Type.Literal(true),
        /** Recipients it was not taken for. */
        rejected: Type.Array(Type.String()),
      }),
      async prepare({ tenantId }, input): Promise<readonly string[]> {
        const rule = await store.get(tenantId, input.id);
        try {
          return await sender.send(rule, bundled(null, [exampleAlert(clock.now())]), {
            id: randomUUID(),
            isTest: true,
          });
        } catch (error) {
          throw error instanceof DeliveryError ? new ApiError('DestinationUnusable', error.message) : error;
        }
      },
      run: async (_caller, _input, rejected) => ({ sent: true as const, rejected: [...rejected] }),
    }),
  ];
}

const exampleAlert = (now: Date) => ({
  id: 'da0_0',
  title: 'Example of an alert',
  severity: 'Informational' as const,
  category: 'SuspiciousActivity',
  detectionSource: 'CustomDetection',
  deviceId: '0'.repeat(40),
  deviceName: 'example-device',
  createdAt: now.toISOString(),
});

const contentOf = (rule: StoredRule): RuleContent => ({
  name: rule.name,
  enabled: rule.enabled,
  kind: rule.kind,
  settings: rule.settings,
  secretNames: rule.secretNames,
  sealed: rule.sealed,
  severities: rule.severities,
  deviceGroups: rule.deviceGroups,
  digestMinutes: rule.digestMinutes,
  maxPerHour: rule.maxPerHour,
});

const shown = (rule: StoredRule): NotificationRule => ({
  id: rule.id,
  name: rule.name,
  enabled: rule.enabled,
  channel: { kind: rule.kind, settings: rule.settings },
  secrets: [...rule.secretNames],
  severities: [...rule.severities],
  deviceGroups: [...rule.deviceGroups],
  digestMinutes: rule.digestMinutes,
  maxPerHour: rule.maxPerHour,
  createdAt: nowIso7(rule.createdAt),
  updatedAt: nowIso7(rule.updatedAt),
  progress: {
    state: stateOf(rule.outbox, rule.enabled),
    waitingAlerts: waitingCount(rule.outbox),
    sentMessages: rule.sentMessages,
    sentAlerts: rule.sentAlerts,
    givenUpAlerts: rule.givenUpAlerts,
    lastSuccess: rule.lastSuccess === null ? null : nowIso7(rule.lastSuccess),
    lastError: rule.lastError,
  },
});
