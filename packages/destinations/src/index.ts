/** Every kind of destination, by name. */
import type { DestinationKind } from './destination.ts';
import { elasticsearch } from './elasticsearch/index.ts';
import { kafka } from './kafka/index.ts';
import { s3 } from './s3/index.ts';
import { webhook } from './webhook/index.ts';

export * from './destination.ts';

export const destinationKinds: readonly DestinationKind[] = [elasticsearch, kafka, s3, webhook];
