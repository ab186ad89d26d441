export type { MappedRow, Outcome } from './outcome.ts';
export { TelemetryMapper, type TelemetryMapperOptions } from './telemetry-mapper.ts';
