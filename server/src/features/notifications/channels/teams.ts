/**
 * A message in Microsoft Teams: an adaptive card to the webhook of a workflow. What comes from devices stands in text runs, which know no markup, so that no
 * name of a file becomes a link.
 */
import { checkTls, endpointMembers, endpointOf, tlsMembers } from '@merlon/destinations/transport';
import { type Static, Type } from 'typebox';
import { type AlertMessage, detailOf, headline, unlisted } from '../alert-message.ts';
import type { Channel } from '../channel.ts';
import { postJson } from './post-json.ts';

const Settings = Type.Object(
  {
    ...endpointMembers('Address of the workflow that posts to the channel. Whoever has it can post.'),
    ca: tlsMembers.ca,
  },
  { additionalProperties: false },
);
type Settings = Static<typeof Settings>;

/** Teams takes 28 KB. */
const SHOWN = 10;
const RUN_LENGTH = 500;

export const teamsChannel: Channel<Settings> = {
  name: 'teams',
  settings: Settings,
  secrets: ['url'],
  check(settings) {
    endpointOf(settings);
    checkTls(settings);
  },
  async send(settings, message, context, signal) {
    await postJson(
      endpointOf(settings),
      JSON.stringify(teamsMessage(message)),
      {},
      settings,
      context,
      signal,
    );
    return [];
  },
};

export function teamsMessage(message: AlertMessage): object {
  const run = (text: string, more: object = {}) => ({
    type: 'TextRun',
    text: text.slice(0, RUN_LENGTH),
    ...more,
  });
  const line = (...inlines: object[]) => ({ type: 'RichTextBlock', inlines });
  const open = (url: string) => ({ type: 'Action.OpenUrl', title: 'Open', url });
  const shown = message.alerts.slice(0, SHOWN);
  const rest = unlisted(message, shown.length);
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            line(run(headline(message), { weight: 'Bolder', size: 'Medium' })),
            ...shown.map((alert) => ({
              type: 'Container',
              separator: true,
              selectAction: open(message.linkOf(alert.id)),
              items: [
                line(run(alert.title, { weight: 'Bolder' })),
                line(run(detailOf(alert), { isSubtle: true })),
              ],
            })),
            ...(rest === null ? [] : [line(run(rest))]),
          ],
          actions: [{ type: 'Action.OpenUrl', title: 'All alerts', url: message.portalLink }],
        },
      },
    ],
  };
}
