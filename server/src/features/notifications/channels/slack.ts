/**
 * A message in Slack, by an incoming webhook. What comes from devices is plain text there, so that no name of a file becomes a link or calls a channel.
 */
import { type AlertMessage, detailOf, headline, unlisted } from '../alert-message.ts';
import { chatChannel } from './chat-channel.ts';

const SHOWN = 10;
const SECTION_LENGTH = 2_000;

export const slackChannel = chatChannel(
  'slack',
  'Address of the incoming webhook. Whoever has it can post.',
  slackMessage,
);

const plain = (text: string) => ({ type: 'plain_text', text: text.slice(0, SECTION_LENGTH), emoji: false });
const button = (text: string, url: string) => ({ type: 'button', text: plain(text), url });

/** The text beside the blocks is what notifications show; its three signs of markup are escaped. */
const fallback = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

export function slackMessage(message: AlertMessage): object {
  const shown = message.alerts.slice(0, SHOWN);
  const rest = unlisted(message, shown.length);
  return {
    text: fallback(headline(message)),
    blocks: [
      { type: 'header', text: { ...plain(headline(message)), text: headline(message).slice(0, 150) } },
      ...shown.map((alert) => ({
        type: 'section',
        text: plain(`${alert.title}\n${detailOf(alert)}`),
        accessory: button('Open', message.linkOf(alert.id)),
      })),
      ...(rest === null
        ? []
        : [{ type: 'section', text: plain(rest), accessory: button('All alerts', message.portalLink) }]),
    ],
  };
}
