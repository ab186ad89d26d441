/**
 * Decides whether what came as the content of a topic is the server's word to this device. Who ends TLS proves nothing here: the command key pinned at
 * onboarding does.
 */
import { CONTENT_TYPE, type ContentTopic, DeviceContent, type Ed25519PublicJwk } from '@merlon/contract';
import { type CryptoKey, compactVerify, importJWK } from 'jose';
import { Compile } from 'typebox/compile';

const validator = Compile(DeviceContent);

export class ContentVerifier {
  readonly #key: Promise<CryptoKey | Uint8Array>;

  constructor(commandKey: Ed25519PublicJwk) {
    this.#key = importJWK(commandKey, 'EdDSA');
  }

  /** The content, or why it is none. Whether it is newer than what is held, only {@link nextContent} can judge. */
  async verify(
    jws: string,
    expected: { readonly deviceId: string; readonly topic: ContentTopic },
  ): Promise<DeviceContent | string> {
    let claims: unknown;
    try {
      const { payload, protectedHeader } = await compactVerify(jws, await this.#key, {
        algorithms: ['EdDSA'],
      });
      if (protectedHeader.typ !== CONTENT_TYPE) return `its typ is not ${CONTENT_TYPE}`;
      claims = JSON.parse(Buffer.from(payload).toString('utf8'));
    } catch {
      return 'it is not signed by the command key pinned at onboarding';
    }
    if (!validator.Check(claims)) {
      const [first] = validator.Errors(claims);
      return `it is malformed at ${first?.instancePath || '/'}`;
    }
    if (claims.sub !== expected.deviceId) return 'it is addressed to another device';
    if (claims.topic !== expected.topic) return `it is about another topic, ${JSON.stringify(claims.topic)}`;
    return claims;
  }
}
