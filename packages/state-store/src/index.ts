export { MigrationError, UnknownMigrationError } from './migrate.ts';
export { openStateStore, type StateStoreOptions } from './open-state-store.ts';
export type { Migration, StateStore, StateStoreLog } from './store.ts';
export { tenantTable } from './tenant-table.ts';
