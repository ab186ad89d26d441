/** Machine actions as a part of a longer history that another feature tells. */
import { sql } from 'kysely';

/** A relation of one row each, for whoever reads: only what its scope shows is there. */
export const machineActionHistory = sql`select tenant_id, id, type, status, machine_id, computer_dns_name, requestor, requestor_comment,
  request_source, created_at, updated_at, troubleshoot_info, params #>> '{file,value}' as file_hash from machine_actions`;
