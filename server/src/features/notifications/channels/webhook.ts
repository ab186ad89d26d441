/** A message for programs: JSON, signed by Standard Webhooks. */
import {
  checkTls,
  endpointMembers,
  endpointOf,
  tlsMembers,
  webhookHeaders,
  webhookKey,
} from '@merlon/destinations/transport';
import { type Static, Type } from 'typebox';
import type { Channel } from '../channel.ts';
import { postJson } from './post-json.ts';

const Settings = Type.Object(
  {
    ...endpointMembers('Where messages are posted to.'),
    secret: Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'Key of the signature by Standard Webhooks: "whsec_" and the base64 of 24 to 64 bytes.',
    }),
    ca: tlsMembers.ca,
  },
  { additionalProperties: false },
);
type Settings = Static<typeof Settings>;

export const webhookChannel: Channel<Settings> = {
  name: 'webhook',
  settings: Settings,
  secrets: ['secret'],
  check(settings) {
    endpointOf(settings);
    webhookKey(settings.secret);
    checkTls(settings);
  },
  async send(settings, message, context, signal) {
    const text = JSON.stringify({
      type: message.isTest ? 'alerts.test' : 'alerts.created',
      timestamp: new Date(context.now()).toISOString(),
      data: {
        rule: { id: message.ruleId, name: message.ruleName },
        count: message.count,
        bySeverity: message.bySeverity,
        alerts: message.alerts.map((alert) => ({ ...alert, url: message.linkOf(alert.id) })),
      },
    });
    const signature = webhookHeaders(
      webhookKey(settings.secret),
      message.id,
      context.now(),
      Buffer.from(text),
    );
    await postJson(endpointOf(settings), text, signature, settings, context, signal);
    return [];
  },
};
