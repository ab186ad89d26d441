/** What comes over a device's channel, before anybody believes a word of it. */
import { FromDevice, isStorable } from '@merlon/contract';
import { Compile } from 'typebox/compile';

const frameValidator = Compile(FromDevice);

/** Null: it is no frame of the protocol, or holds text that cannot be stored. */
export function parseFrame(text: string): FromDevice | null {
  try {
    const value: unknown = JSON.parse(text);
    return frameValidator.Check(value) && isStorable(value) ? value : null;
  } catch {
    return null;
  }
}
