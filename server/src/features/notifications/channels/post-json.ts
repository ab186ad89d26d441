/** One JSON text to one address. */
import type { DestinationContext } from '@merlon/destinations';
import { createHttpClient, statusFault } from '@merlon/destinations/transport';

/** @throws DeliveryError; what the other side answered is not in it, since it may repeat what it was sent */
export async function postJson(
  url: URL,
  text: string,
  headers: Readonly<Record<string, string>>,
  tls: { readonly ca?: string },
  context: DestinationContext,
  signal: AbortSignal,
): Promise<void> {
  const client = createHttpClient(context, tls);
  try {
    const answer = await client.send(
      { url, body: Buffer.from(text), headers: { ...headers, 'content-type': 'application/json' } },
      signal,
    );
    if (answer.status < 200 || answer.status > 299) throw statusFault(answer, url.host, context.now());
  } finally {
    client.close();
  }
}
