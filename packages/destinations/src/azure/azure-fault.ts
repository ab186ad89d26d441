/** What the Azure SDKs throw, as whoever owns the setting is told it. Their errors hold requests with their credentials, so none is handed on as a cause. Pure. */
import { connectionFault } from '../connection-fault.ts';
import { DeliveryError } from '../destination.ts';

/** Errors of `@azure/identity`: no token was given. */
export function entraFault(error: Error): DeliveryError | undefined {
  if (error.name === 'CredentialUnavailableError')
    return new DeliveryError(
      'credentials',
      'The machine has no managed identity, or its endpoint does not answer.',
    );
  if (error.name !== 'AuthenticationError' && error.name !== 'AuthenticationRequiredError') return undefined;
  // AADSTS codes say what is wrong without saying with what.
  const code = /\bAADSTS\d+\b/.exec(error.message)?.[0];
  return new DeliveryError(
    'credentials',
    `Microsoft Entra ID gives no token for the identity of the settings${code === undefined ? '' : ` (${code})`}.`,
  );
}

/** Errors of sockets, however deep they lie. */
export function socketFault(error: unknown, host: string): DeliveryError | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    if (one instanceof DeliveryError) return one;
    const code: unknown = Reflect.get(one, 'code');
    if (typeof code === 'string' && /^E[A-Z]+$|^ERR_|CERT|UNABLE_TO/.test(code))
      return withoutCause(connectionFault(one, host));
  }
  return undefined;
}

const withoutCause = ({ fault, message }: DeliveryError): DeliveryError => new DeliveryError(fault, message);
