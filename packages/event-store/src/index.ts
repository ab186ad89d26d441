export {
  EventStoreError,
  EventStoreSchemaError,
  EventStoreUnavailable,
  InsertFailed,
  QueryCancelled,
  QueryFailed,
  QueryMemory,
  QueryTimeout,
  QueryTooLarge,
} from './errors.ts';
export { MmdbError } from './mmdb.ts';
export { type EventStoreOptions, openEventStore } from './open-event-store.ts';
export {
  type AccountProfile,
  type FileHash,
  type FileProfile,
  type ProfileScope,
  type Profiles,
  profilesOf,
  type SightedEntity,
  type Sightings,
} from './profiles.ts';
export type {
  BlockInsertResult,
  EventStore,
  EventStoreLog,
  GeoFacts,
  InsertResult,
  QueryRequest,
  QueryResult,
  QueryStats,
  ReaderCeilings,
  RejectedRow,
  TableSize,
} from './store.ts';
