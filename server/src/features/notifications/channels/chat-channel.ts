/** A room of a chat, by the one address that posts to it. */
import { checkTls, endpointMembers, endpointOf, tlsMembers } from '@merlon/destinations/transport';
import { Type } from 'typebox';
import type { AlertMessage } from '../alert-message.ts';
import type { Channel } from '../channel.ts';
import { postJson } from './post-json.ts';

type ChatSettings = Parameters<typeof endpointOf>[0] & { readonly ca?: string };

export function chatChannel(
  name: string,
  aboutAddress: string,
  bodyOf: (message: AlertMessage) => object,
): Channel<ChatSettings> {
  return {
    name,
    settings: Type.Object(
      { ...endpointMembers(aboutAddress), ca: tlsMembers.ca },
      { additionalProperties: false },
    ),
    secrets: ['url'],
    check(settings) {
      endpointOf(settings);
      checkTls(settings);
    },
    async send(settings, message, context, signal) {
      await postJson(endpointOf(settings), JSON.stringify(bodyOf(message)), {}, settings, context, signal);
      return [];
    },
  };
}
