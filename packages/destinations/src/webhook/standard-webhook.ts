/** Signatures by the Standard Webhooks specification 1.0: symmetric, `v1`. */
import { createHmac } from 'node:crypto';
import { DeliveryError } from '../destination.ts';

const PREFIX = 'whsec_';
const MIN_BYTES = 24;
const MAX_BYTES = 64;

/** The key that a secret stands for. @throws DeliveryError `settings` */
export function webhookKey(secret: string): Buffer {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : '';
  const key = Buffer.from(text, 'base64');
  if (key.toString('base64').replace(/=+$/, '') !== text.replace(/=+$/, '') || text === '')
    throw new DeliveryError('settings', `secret is not "${PREFIX}" followed by base64.`);
  if (key.length < MIN_BYTES || key.length > MAX_BYTES)
    throw new DeliveryError(
      'settings',
      `secret holds ${key.length} bytes; ${MIN_BYTES} to ${MAX_BYTES} are asked for.`,
    );
  return key;
}

/**
 * `id` names the message and stays the same when it is sent again; `now` in milliseconds. `body`: before compression, since what serves receivers
 * undoes it before they verify, and the reference libraries read text.
 */
export function webhookHeaders(
  key: Buffer,
  id: string,
  now: number,
  body: Uint8Array,
): Readonly<Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string>> {
  const timestamp = String(Math.floor(now / 1_000));
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
