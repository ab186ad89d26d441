import type { OsFamily, SimulatedHost } from '../simulated-host.ts';

/** An attack, told as what a sensor would see of it. Addresses are of the ranges kept for documentation. */
export interface Story {
  readonly name: string;
  readonly os: OsFamily;
  play(host: SimulatedHost): void;
}
