/** Sends a message of a rule by its channel, within a time and only to where the operator lets anybody send. */
import { ApiError } from '@merlon/contract';
import { DeliveryError, type DestinationContext } from '@merlon/destinations';
import { Type } from 'typebox';
import { checkInput } from '../../http/validation.ts';
import { hostAllowList } from '../../outbound/host-allow-list.ts';
import type { SecretSeal } from '../../secrets/secret-seal.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { AlertBundle, AlertMessage } from './alert-message.ts';
import type { Channel } from './channel.ts';
import { emailChannel } from './channels/email.ts';
import { slackChannel } from './channels/slack.ts';
import { teamsChannel } from './channels/teams.ts';
import { webhookChannel } from './channels/webhook.ts';
import type { RuleContent, StoredRule } from './rule.ts';

const channels: readonly Channel[] = [emailChannel, slackChannel, teamsChannel, webhookChannel];

/** Longest that a channel may take. */
export const SEND_MS = 60_000;

type Sealed = Pick<RuleContent, 'kind' | 'settings' | 'secretNames' | 'sealed'>;

export interface Sender {
  /**
   * What is kept of a channel: its settings checked, the secret ones sealed together.
   * @throws InvalidInput
   */
  keep(tenantId: string, id: string, channel: { kind: string; settings: object }): Promise<Sealed>;
  /** Those it was not taken for. @throws DeliveryError */
  send(
    rule: Pick<StoredRule, 'tenantId' | 'id' | 'name'> & Sealed,
    bundle: AlertBundle,
    message: { readonly id: string; readonly isTest: boolean },
  ): Promise<readonly string[]>;
}

export function createSender(deps: {
  readonly seal: SecretSeal;
  readonly clock: Clock;
  readonly stopping: AbortSignal;
  /** Private networks that may be sent to. Null: any address may be. */
  readonly networks: readonly string[] | null;
  publicOrigin(): string;
}): Sender {
  const allowed = deps.networks === null ? null : hostAllowList(deps.networks);
  const context: DestinationContext = {
    mayConnect(host, address) {
      if (allowed !== null && !allowed.mayConnect(address))
        throw new DeliveryError(
          'forbidden',
          `The address of ${host} is private, and the operator of this server lets nobody send there.`,
        );
    },
    now: () => deps.clock.now().getTime(),
  };
  const ownerOf = (tenantId: string, id: string) => `notification ${tenantId}/${id}`;

  return {
    async keep(tenantId, id, { kind, settings }) {
      const channel = channelNamed(kind);
      if (channel === undefined)
        throw new ApiError(
          'InvalidInput',
          `There is no channel named ${kind}; there are ${channels.map(({ name }) => name).join(', ')}.`,
        );
      checkInput('body', Type.Object({ settings: channel.settings }), { settings });
      try {
        channel.check(settings);
      } catch (error) {
        throw error instanceof DeliveryError ? new ApiError('InvalidInput', error.message) : error;
      }
      const entries = Object.entries(settings);
      const secret = entries.filter(([name]) => channel.secrets.includes(name));
      return {
        kind,
        settings: Object.fromEntries(entries.filter(([name]) => !channel.secrets.includes(name))),
        secretNames: secret.map(([name]) => name),
        sealed:
          secret.length === 0
            ? null
            : await deps.seal.seal(JSON.stringify(Object.fromEntries(secret)), ownerOf(tenantId, id)),
      };
    },

    async send(rule, bundle, { id, isTest }) {
      const channel = channelNamed(rule.kind);
      if (channel === undefined)
        throw new DeliveryError('settings', `There is no channel named ${rule.kind}.`);
      const secret: unknown =
        rule.sealed === null
          ? {}
          : JSON.parse(await deps.seal.open(rule.sealed, ownerOf(rule.tenantId, rule.id)));
      const origin = deps.publicOrigin();
      const message: AlertMessage = {
        ...bundle,
        id,
        isTest,
        ruleId: rule.id,
        ruleName: rule.name,
        linkOf: (alertId) => `${origin}/alerts/${encodeURIComponent(alertId)}`,
        portalLink: `${origin}/alerts`,
      };
      const late = AbortSignal.timeout(SEND_MS);
      try {
        return await channel.send(
          { ...rule.settings, ...(secret as object) },
          message,
          context,
          AbortSignal.any([late, deps.stopping]),
        );
      } catch (error) {
        if (late.aborted)
          throw new DeliveryError(
            'unreachable',
            `The message was not taken within ${SEND_MS / 1_000} seconds.`,
          );
        throw error;
      }
    },
  };
}

const channelNamed = (kind: string): Channel | undefined => channels.find(({ name }) => name === kind);
