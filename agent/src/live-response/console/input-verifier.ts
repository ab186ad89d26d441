/** Decides whether a word of a console session is the server's, for this device, fresh. Which session and which place in it is the session's to judge. */
import { type Ed25519PublicJwk, LIVE_INPUT_TYPE, LiveInput } from '@merlon/contract';
import { type CryptoKey, compactVerify, importJWK } from 'jose';
import { Compile } from 'typebox/compile';

const validator = Compile(LiveInput);

export class InputVerifier {
  readonly #key: Promise<CryptoKey | Uint8Array>;
  readonly #deviceId: string;
  /** Seconds since 1970. What was signed before this agent began may be a replay of what an earlier one did. */
  readonly #notBefore: number;

  constructor(commandKey: Ed25519PublicJwk, deviceId: string, startedAt: Date) {
    this.#key = importJWK(commandKey, 'EdDSA');
    this.#deviceId = deviceId;
    this.#notBefore = Math.floor(startedAt.getTime() / 1000);
  }

  /** The input, or text saying why it is not taken. */
  async open(jws: string, now: Date): Promise<LiveInput | string> {
    let input: unknown;
    try {
      const { payload, protectedHeader } = await compactVerify(jws, await this.#key, {
        algorithms: ['EdDSA'],
      });
      if (protectedHeader.typ !== LIVE_INPUT_TYPE) return `its typ is not ${LIVE_INPUT_TYPE}`;
      input = JSON.parse(Buffer.from(payload).toString('utf8'));
    } catch {
      return 'it is not signed by the command key pinned at onboarding';
    }
    if (!validator.Check(input)) {
      const [first] = validator.Errors(input);
      return `it is malformed at ${first?.instancePath || '/'}`;
    }
    if (input.sub !== this.#deviceId) return 'it is addressed to another device';
    if (input.exp * 1000 <= now.getTime()) return 'its time is over';
    if (input.iat < this.#notBefore) return 'it was signed before this agent began';
    return input;
  }
}
