/** Tokens for SASL OAUTHBEARER by the client credentials grant (RFC 6749, 4.4), kept until shortly before they end. */
import { DeliveryError, type DestinationContext } from '../destination.ts';
import { createHttpClient } from '../http/http-client.ts';
import { statusFault } from '../http/status-fault.ts';
import type { TlsSettings } from '../tls-settings.ts';

const EARLY_MS = 60_000;
const ASK_MS = 30_000;

export interface TokenSource {
  /** @throws DeliveryError */
  token(): Promise<string>;
  close(): void;
}

export interface TokenSettings extends TlsSettings {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string | undefined;
}

export function tokenSource(settings: TokenSettings, context: DestinationContext): TokenSource {
  const client = createHttpClient(context, settings.ca === undefined ? {} : { ca: settings.ca });
  const url = new URL(settings.tokenUrl);
  let kept: { readonly token: string; readonly until: number } | undefined;
  return {
    async token() {
      if (kept !== undefined && context.now() < kept.until) return kept.token;
      const encode = encodeURIComponent;
      const answer = await client.send(
        {
          url,
          headers: {
            accept: 'application/json',
            'content-type': 'application/x-www-form-urlencoded',
            authorization: `Basic ${Buffer.from(`${encode(settings.clientId)}:${encode(settings.clientSecret)}`).toString('base64')}`,
          },
          body: Buffer.from(
            String(
              new URLSearchParams({
                grant_type: 'client_credentials',
                ...(settings.scope === undefined ? {} : { scope: settings.scope }),
              }),
            ),
          ),
        },
        AbortSignal.timeout(ASK_MS),
      );
      // RFC 6749, 5.2: a client that is not known is 400 or 401.
      if (answer.status === 400 || answer.status === 401)
        throw new DeliveryError('credentials', `${url.host} gives no token for clientId and clientSecret.`);
      if (answer.status !== 200) throw statusFault(answer, url.host, context.now());
      const { access_token: token, expires_in: seconds } = answerOf(answer.body, url.host);
      if (typeof token !== 'string')
        throw new DeliveryError('unreachable', `${url.host} answered without a token.`);
      kept = { token, until: context.now() + (typeof seconds === 'number' ? seconds * 1_000 : 0) - EARLY_MS };
      return token;
    },
    close: () => client.close(),
  };
}

function answerOf(body: Buffer, host: string): { access_token?: unknown; expires_in?: unknown } {
  try {
    const answer: unknown = JSON.parse(body.toString());
    if (typeof answer === 'object' && answer !== null) return answer;
  } catch {
    // What cannot be read is told below, without repeating it.
  }
  throw new DeliveryError('unreachable', `${host} answered with something that is no token.`);
}
