/** The causes a connection fails for, in words that say what to do. */
import { AgentError, codeOf, messageOf } from '../agent-error.ts';

/** No answer came. `passing`: trying again later may help by itself. */
export class NetworkError extends AgentError {
  readonly passing: boolean;

  constructor(message: string, passing: boolean, cause: unknown) {
    super(message, { cause });
    this.passing = passing;
  }
}

const WRONG_AUTHORITY = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
]);

export function explainNetworkError(error: unknown, url: URL): NetworkError {
  const code = codeOf(error);
  const where = url.host;
  const said = (message: string, passing: boolean) => new NetworkError(message, passing, error);
  if (WRONG_AUTHORITY.has(code)) {
    return said(
      `${where} shows a certificate that the authority pinned in the onboarding package did not sign (${code}): wrong server, renewed authority or TLS inspection in between`,
      false,
    );
  }
  switch (code) {
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return said(
        `the certificate of ${where} is outside its time of validity by this device's clock, ${new Date().toISOString()} (${code})`,
        true,
      );
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return said(`the certificate of ${where} is for another name: ${messageOf(error)}`, false);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return said(`the name ${url.hostname} cannot be resolved (${code})`, true);
    case 'ECONNREFUSED':
      return said(`nothing listens at ${where} (ECONNREFUSED)`, true);
    default:
      return said(`${where} cannot be reached: ${messageOf(error) || code || 'unknown error'}`, true);
  }
}
