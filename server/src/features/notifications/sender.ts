/** Sends a message of a rule by its channel, within a time and only to where the operator lets anybody send. */
import { ApiError } from '@merlon/contract';
import { DeliveryError } from '@merlon/destinations';
import { Type } from 'typebox';
import { checkInput } from '../../http/validation.ts';
import { deliveryContext } from '../../outbound/delivery-context.ts';
import { openSettings, parted, sealSecrets } from '../../secrets/sealed-settings.ts';
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
  const context = deliveryContext(deps.networks, () => deps.clock.now().getTime());
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
      const { open, secret } = parted(channel, { ...settings });
      return { kind, settings: open, ...(await sealSecrets(secret, ownerOf(tenantId, id), deps.seal)) };
    },

    async send(rule, bundle, { id, isTest }) {
      const channel = channelNamed(rule.kind);
      if (channel === undefined)
        throw new DeliveryError('settings', `There is no channel named ${rule.kind}.`);
      const settings = await openSettings(rule, ownerOf(rule.tenantId, rule.id), deps.seal);
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
        return await channel.send(settings, message, context, AbortSignal.any([late, deps.stopping]));
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
