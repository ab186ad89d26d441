/** Every kind of destination, by name. */
import type { DestinationKind } from './destination.ts';
import { webhook } from './webhook/index.ts';

export * from './destination.ts';

export const destinationKinds: readonly DestinationKind[] = [webhook];
