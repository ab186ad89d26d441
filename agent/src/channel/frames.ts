import { ToDevice } from '@merlon/contract';
import { Compile } from 'typebox/compile';

export const MAX_FRAME_BYTES = 256 * 1024;

const validator = Compile(ToDevice);

/** What the server said, or text saying why it is none of the protocol's frames. */
export function parseFrame(data: string): ToDevice | string {
  if (data.length > MAX_FRAME_BYTES) return 'a frame is longer than 256 KiB';
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return 'a frame is not JSON';
  }
  if (validator.Check(value)) return value;
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  return `a frame of type ${JSON.stringify(type) ?? 'none'} is not one of the protocol`;
}
