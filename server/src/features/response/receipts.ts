/** Checks the receipt a device signs for an order it carried out. */
import type { KeyObject } from 'node:crypto';
import { isStorable, RECEIPT_TYPE, ReceiptClaims } from '@merlon/contract';
import { compactVerify } from 'jose';
import { Compile } from 'typebox/compile';

const validator = Compile(ReceiptClaims);

/** The claims, or text saying why the receipt is worth nothing. */
export async function readReceipt(
  jws: string,
  key: KeyObject,
  deviceId: string,
): Promise<ReceiptClaims | string> {
  let claims: unknown;
  try {
    const { payload, protectedHeader } = await compactVerify(jws, key, { algorithms: ['EdDSA'] });
    if (protectedHeader.typ !== RECEIPT_TYPE) return `its typ is not ${RECEIPT_TYPE}`;
    claims = JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return 'it is not signed by the device';
  }
  if (!validator.Check(claims)) {
    const [first] = validator.Errors(claims);
    return `it is malformed at ${first?.instancePath || '/'}`;
  }
  if (!isStorable(claims.error)) return 'its error holds text that cannot be stored';
  return claims.sub === deviceId ? claims : 'it speaks for another device';
}
