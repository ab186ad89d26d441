/** Passes on what devices say in console sessions to the feature that keeps those, which is made after this one. */
import type { FromDevice, OrderResult } from '@merlon/contract';
import type { DeviceCaller } from '../../http/route.ts';

export type LiveFrame = Extract<FromDevice, { type: 'live' | 'liveTaken' }>;

export interface LiveAttendant {
  /** The device opened a channel here. */
  greeted(device: DeviceCaller): Promise<void>;
  heard(device: DeviceCaller, frame: LiveFrame): Promise<void>;
  /** What a session of this device may hand in under this name; null when there is no such session, or it may not. */
  resultOf(device: DeviceCaller, sessionId: string, name: string): Promise<OrderResult | null>;
}

export class LiveAttendance implements LiveAttendant {
  #attendant: LiveAttendant | null = null;

  attend(attendant: LiveAttendant): void {
    this.#attendant = attendant;
  }

  async greeted(device: DeviceCaller): Promise<void> {
    await this.#attendant?.greeted(device);
  }

  async heard(device: DeviceCaller, frame: LiveFrame): Promise<void> {
    await this.#attendant?.heard(device, frame);
  }

  async resultOf(device: DeviceCaller, sessionId: string, name: string): Promise<OrderResult | null> {
    return (await this.#attendant?.resultOf(device, sessionId, name)) ?? null;
  }
}
