/**
 * A message in Microsoft Teams: an adaptive card to the webhook of a workflow. What comes from devices stands in text runs, which know no markup, so that no
 * name of a file becomes a link.
 */
import { type AlertMessage, detailOf, headline, unlisted } from '../alert-message.ts';
import { chatChannel } from './chat-channel.ts';

/** Teams takes 28 KB. */
const SHOWN = 10;
const RUN_LENGTH = 500;

export const teamsChannel = chatChannel(
  'teams',
  'Address of the workflow that posts to the channel. Whoever has it can post.',
  teamsMessage,
);

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
