/** A message by e-mail, over a mail server of the tenant's. */
import { isIP } from 'node:net';
import { DeliveryError, type DestinationContext } from '@merlon/destinations';
import {
  askForAddress,
  checkTls,
  connectionFault,
  guardedLookup,
  tlsMembers,
} from '@merlon/destinations/transport';
import { type Static, Type } from 'typebox';
import { type AlertMessage, detailOf, headline, unlisted } from '../alert-message.ts';
import type { Channel } from '../channel.ts';

const address = { pattern: '^[^\\s@<>",;:\\x00-\\x1f]{1,64}@[A-Za-z0-9.-]{1,253}$' };

const Settings = Type.Object(
  {
    host: Type.String({
      pattern: '^[A-Za-z0-9.:-]{1,253}$',
      description: 'Name or address of the mail server.',
    }),
    port: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_535, description: 'Port. Default 465 for tls, else 587.' }),
    ),
    security: Type.Optional(
      Type.Enum(['starttls', 'tls', 'none'], {
        description:
          'TLS after a greeting, TLS from the start, or none: then everybody on the way can read the message. Default starttls.',
      }),
    ),
    username: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: 'User, where the server asks for one.' }),
    ),
    password: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1_000, description: 'Password of the user.' }),
    ),
    from: Type.String({ ...address, description: 'Sender.' }),
    to: Type.Array(Type.String(address), { minItems: 1, maxItems: 50, description: 'Recipients.' }),
    ca: tlsMembers.ca,
  },
  { additionalProperties: false },
);
type Settings = Static<typeof Settings>;

const TIMEOUT_MS = 30_000;

export const emailChannel: Channel<Settings> = {
  name: 'email',
  settings: Settings,
  secrets: ['password'],

  check(settings) {
    if ((settings.username === undefined) !== (settings.password === undefined))
      throw new DeliveryError('settings', 'username and password belong together: one of them is missing.');
    if (settings.username !== undefined && settings.security === 'none')
      throw new DeliveryError('settings', 'A password is not sent without TLS: security is none.');
    checkTls(settings);
  },

  async send(settings, message, context, signal) {
    const { createTransport } = await import('nodemailer');
    const secure = settings.security === 'tls';
    const port = settings.port ?? (secure ? 465 : 587);
    const shown = `${settings.host}:${port}`;
    const transport = createTransport({
      // The address that was asked for is the one that is connected to.
      host: await addressOf(settings.host, context),
      port,
      secure,
      requireTLS: settings.security !== 'none',
      ignoreTLS: settings.security === 'none',
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
      tls: {
        ...(isIP(settings.host) === 0 ? { servername: settings.host } : {}),
        ...(settings.ca === undefined ? {} : { ca: settings.ca }),
      },
      ...(settings.username === undefined
        ? {}
        : { auth: { user: settings.username, pass: settings.password ?? '' } }),
    });
    const stop = () => transport.close();
    signal.addEventListener('abort', stop, { once: true });
    try {
      signal.throwIfAborted();
      const answer = await transport.sendMail({
        from: settings.from,
        to: [...settings.to],
        subject: `[Merlon] ${headline(message)}`,
        text: emailText(message),
        messageId: `<${message.id}@merlon>`,
        headers: { 'Auto-Submitted': 'auto-generated' },
      });
      return (answer.rejected ?? []).map(String);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw smtpFault(error, shown);
    } finally {
      signal.removeEventListener('abort', stop);
      transport.close();
    }
  },
};

/** @throws DeliveryError */
async function addressOf(host: string, context: DestinationContext): Promise<string> {
  askForAddress(host, context.mayConnect);
  if (isIP(host) !== 0) return host;
  return new Promise((done, fail) => {
    guardedLookup(context.mayConnect)(host, { all: false }, (error, found) => {
      if (error) fail(error);
      else done(String(found));
    });
  });
}

/** The server's own words are not repeated: some repeat what they were sent. Its code is enough. */
function smtpFault(error: unknown, shown: string): DeliveryError {
  const { code, responseCode, cause } = error as { code?: unknown; responseCode?: unknown; cause?: unknown };
  const said = typeof responseCode === 'number' ? ` (${responseCode})` : '';
  const later = typeof responseCode === 'number' && responseCode >= 400 && responseCode < 500;
  switch (code) {
    case 'EAUTH':
      return new DeliveryError('credentials', `${shown} does not know the user or the password${said}.`);
    case 'EENVELOPE':
      return later
        ? new DeliveryError('throttled', `${shown} takes the message for none of the recipients now${said}.`)
        : new DeliveryError('refused', `${shown} does not take the sender or any of the recipients${said}.`);
    case 'EMESSAGE':
      return new DeliveryError(later ? 'throttled' : 'refused', `${shown} does not take the message${said}.`);
    case 'ETLS':
      return new DeliveryError('unreachable', `${shown} does not speak TLS there, and security asks for it.`);
    default:
      return connectionFault(cause ?? error, shown);
  }
}

export function emailText(message: AlertMessage): string {
  const rest = unlisted(message);
  return [
    ...(message.isTest ? ['This message was sent to try a rule; its alert is made up.', ''] : []),
    ...message.alerts.flatMap((alert) => [alert.title, detailOf(alert), message.linkOf(alert.id), '']),
    ...(rest === null ? [] : [rest, '']),
    `All alerts: ${message.portalLink}`,
    `Sent by the rule "${message.ruleName}".`,
  ].join('\n');
}
