/** The system calls of both guards, loaded when the first needs them. */
import { type Koffi, loadKoffi, type SystemCalls, systemCalls } from '../sensor/system-calls.ts';

export interface Native {
  readonly koffi: Koffi;
  readonly calls: SystemCalls;
}

let loaded: Promise<Native> | null = null;

/** @throws where there are none. */
export function native(): Promise<Native> {
  loaded ??= loadKoffi().then(({ koffi, libc }) => ({ koffi, calls: systemCalls(koffi, libc) }));
  return loaded;
}
