/** The two files a ClickHouse child is configured by. Pure. */

export interface EngineConfig {
  readonly memoryBytes: number;
  /** A request over HTTP has to show this. Without it nothing answers: the engine's own `default` user cannot have a password. */
  readonly key: string;
}

export interface EngineAccounts {
  readonly database: string;
  readonly writer: { readonly name: string; readonly passwordSha256: string };
  readonly reader: { readonly name: string; readonly passwordSha256: string };
  readonly ceilings: { readonly maxSeconds: number; readonly maxMemoryBytes: number };
}

export const ENGINE_KEY_HEADER = 'X-Merlon-Engine';

const MIB = 1024 * 1024;
/** What all queries of the reader may write to disk while they sort and group. */
const SPILL_BYTES = 10 * 1024 * MIB;

/** The longest statement, and the longest parameter of one. A server by URL has 128 KiB unless its default profile says more. */
const MAX_FIELD_BYTES = 16 * MIB;

/** Settings of the reader, in the engine's XML and for accounts made by SQL: value, and where bounded, the least and the most. */
export function readerSettings({ maxSeconds, maxMemoryBytes }: EngineAccounts['ceilings']): readonly {
  readonly name: string;
  readonly value: number;
  readonly bounds?: readonly [min: number, max: number];
}[] {
  return [
    // 2: reads only, but a query may ask for tighter limits. Zero would mean none, so the least is one.
    { name: 'readonly', value: 2 },
    { name: 'max_execution_time', value: maxSeconds, bounds: [1, maxSeconds] },
    { name: 'max_memory_usage', value: maxMemoryBytes, bounds: [1, maxMemoryBytes] },
    { name: 'max_memory_usage_for_user', value: maxMemoryBytes, bounds: [1, maxMemoryBytes] },
    {
      name: 'max_temporary_data_on_disk_size_for_user',
      value: SPILL_BYTES,
      bounds: [1, SPILL_BYTES],
    },
    { name: 'allow_ddl', value: 0 },
    { name: 'allow_introspection_functions', value: 0, bounds: [0, 0] },
    { name: 'cancel_http_readonly_queries_on_client_close', value: 1 },
  ];
}

export function engineConfig({ memoryBytes, key }: EngineConfig): string {
  return `<clickhouse>
  <logger>
    <console>1</console>
    <console_log_level>warning</console_log_level>
  </logger>
  <users_config>users.xml</users_config>
  <timezone>UTC</timezone>
  <http_handlers>
    <rule>
      <headers><${ENGINE_KEY_HEADER}>${key}</${ENGINE_KEY_HEADER}></headers>
      <handler><type>dynamic_query_handler</type><query_param_name>query</query_param_name></handler>
    </rule>
  </http_handlers>
  <access_control_improvements>
    <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
    <select_from_information_schema_requires_grant>true</select_from_information_schema_requires_grant>
  </access_control_improvements>
  <max_server_memory_usage>${memoryBytes}</max_server_memory_usage>
  <max_concurrent_queries>64</max_concurrent_queries>
  <mark_cache_size>${64 * MIB}</mark_cache_size>
  <index_mark_cache_size>${16 * MIB}</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
  <mmap_cache_size>0</mmap_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_buffer_flush_schedule_pool_size>1</background_buffer_flush_schedule_pool_size>
  <background_message_broker_schedule_pool_size>1</background_message_broker_schedule_pool_size>
  <background_distributed_schedule_pool_size>1</background_distributed_schedule_pool_size>
  <merge_tree>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
`;
}

export function engineAccounts({ database, writer, reader, ceilings }: EngineAccounts): string {
  const settings = readerSettings(ceilings);
  const values = settings.map(({ name, value }) => `<${name}>${value}</${name}>`);
  const bounds = settings.flatMap(({ name, bounds: limits }) =>
    limits ? [`<${name}><min>${limits[0]}</min><max>${limits[1]}</max></${name}>`] : [],
  );
  const user = (name: string, password: string, profile: string, more: string) => `    <${name}>
      ${password}
      <networks><ip>127.0.0.1</ip></networks>
      <profile>${profile}</profile>
      <quota>default</quota>
${more}
    </${name}>`;
  const grants = (queries: readonly string[]) =>
    `      <grants>${queries.map((query) => `<query>${query}</query>`).join('')}</grants>`;
  const sha256 = (hex: string) => `<password_sha256_hex>${hex}</password_sha256_hex>`;
  return `<clickhouse>
  <profiles>
    <default>
      <http_max_field_value_size>${MAX_FIELD_BYTES}</http_max_field_value_size>
    </default>
    <reader>
      ${values.join('\n      ')}
      <constraints>${bounds.join('')}</constraints>
    </reader>
  </profiles>
  <quotas><default/></quotas>
  <users>
${user('default', '<password></password>', 'default', grants(['GRANT SYSTEM LISTEN ON *.*']))}
${user(
  writer.name,
  sha256(writer.passwordSha256),
  'default',
  grants([
    `GRANT SELECT, INSERT, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP VIEW, CREATE DICTIONARY, DROP DICTIONARY, ALTER ON ${database}.*`,
    'GRANT KILL QUERY, CREATE TEMPORARY TABLE ON *.*',
    'GRANT TABLE ENGINE ON MergeTree',
    'GRANT TABLE ENGINE ON ReplacingMergeTree',
    'GRANT TABLE ENGINE ON AggregatingMergeTree',
    ...['databases', 'parts', 'columns', 'data_skipping_indices', 'processes'].map(
      (table) => `GRANT SELECT ON system.${table}`,
    ),
  ]),
)}
${user(reader.name, sha256(reader.passwordSha256), 'reader', grants([`GRANT SELECT, dictGet ON ${database}.*`]))}
  </users>
</clickhouse>
`;
}
