/** Every kind of destination, by name. */
import type { DestinationKind } from './destination.ts';

export * from './destination.ts';

export const destinationKinds: readonly DestinationKind[] = [];
