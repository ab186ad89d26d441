/** The part of a kind's settings that says whom to trust and who we are, for every kind that speaks TLS itself. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { Type } from 'typebox';
import { DeliveryError } from './destination.ts';

export const tlsMembers = {
  ca: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100_000,
      description: 'Certificates in PEM that are trusted instead of the public authorities.',
    }),
  ),
  clientCertificate: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 100_000,
      description: 'Certificate in PEM, with its chain, that shows who the server is.',
    }),
  ),
  clientKey: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 20_000,
      description: 'Private key in PEM that belongs to clientCertificate, without a passphrase.',
    }),
  ),
};

export const tlsSecrets = ['clientKey'] as const;

export interface TlsSettings {
  readonly ca?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
}

/** As `node:tls` takes them. */
export function tlsOptions(settings: TlsSettings): { ca?: string; cert?: string; key?: string } {
  return {
    ...(settings.ca === undefined ? {} : { ca: settings.ca }),
    ...(settings.clientCertificate === undefined ? {} : { cert: settings.clientCertificate }),
    ...(settings.clientKey === undefined ? {} : { key: settings.clientKey }),
  };
}

/** @throws DeliveryError `settings`, naming the member */
export function checkTls(settings: TlsSettings): void {
  if (settings.ca !== undefined) certificate('ca', settings.ca);
  const { clientCertificate, clientKey } = settings;
  if ((clientCertificate === undefined) !== (clientKey === undefined))
    throw new DeliveryError(
      'settings',
      'clientCertificate and clientKey belong together: one of them is missing.',
    );
  if (clientCertificate === undefined || clientKey === undefined) return;
  certificate('clientCertificate', clientCertificate);
  try {
    createPrivateKey(clientKey);
  } catch {
    throw new DeliveryError('settings', 'clientKey is not a private key in PEM without a passphrase.');
  }
  try {
    createSecureContext({ cert: clientCertificate, key: clientKey });
  } catch {
    throw new DeliveryError('settings', 'clientKey does not belong to clientCertificate.');
  }
}

function certificate(member: string, pem: string): void {
  try {
    new X509Certificate(pem);
  } catch {
    throw new DeliveryError('settings', `${member} is not a certificate in PEM.`);
  }
}
