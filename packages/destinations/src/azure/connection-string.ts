/** Where to: a connection string says it, or an address of its own does. */
import { DeliveryError } from '../destination.ts';

/**
 * @param address what says it without a connection string; `named` is how the connection string's own is called
 * @throws DeliveryError `settings`, naming the member
 */
export function checkConnectionString(
  authentication: string,
  connectionString: string | undefined,
  address: { readonly member: string; readonly value: string | undefined; readonly named: string },
): void {
  const byString = authentication === 'connectionString';
  if (byString !== (connectionString !== undefined))
    throw new DeliveryError(
      'settings',
      byString
        ? 'connectionString is missing.'
        : `connectionString is given, but authentication is "${authentication}".`,
    );
  if (byString !== (address.value === undefined))
    throw new DeliveryError(
      'settings',
      byString
        ? `${address.member} is given, but the connection string names ${address.named}.`
        : `${address.member} is missing.`,
    );
}
