/** Every kind of destination, by name. */
import { azureStorage } from './azure-storage/index.ts';
import type { DestinationKind } from './destination.ts';
import { elasticsearch } from './elasticsearch/index.ts';
import { eventHubs } from './event-hubs/index.ts';
import { kafka } from './kafka/index.ts';
import { otlp } from './otlp/index.ts';
import { s3 } from './s3/index.ts';
import { splunkHec } from './splunk-hec/index.ts';
import { syslog } from './syslog/index.ts';
import { webhook } from './webhook/index.ts';

export * from './destination.ts';

export const destinationKinds: readonly DestinationKind[] = [
  azureStorage,
  elasticsearch,
  eventHubs,
  kafka,
  otlp,
  s3,
  splunkHec,
  syslog,
  webhook,
];
