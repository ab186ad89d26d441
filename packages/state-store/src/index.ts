export { isUniqueViolation } from './database-error.ts';
export { MigrationError, UnknownMigrationError } from './migrate.ts';
export { openStateStore, type StateStoreOptions } from './open-state-store.ts';
export type { Migration, StateStore, StateStoreLog, TenantScope } from './store.ts';
export { deviceScope, tenantTable } from './tenant-table.ts';
