export { splitEvents } from './envelope/event-xml.ts';
export type { WindowsEvent } from './envelope/windows-event.ts';
export { type EvtxFile, readEvtx } from './evtx/evtx-file.ts';
export type { EventMapping, LeftOut, SourceMapping } from './mapping.ts';
export type { MappedRow, Outcome } from './outcome.ts';
export { sourceMappings } from './sources/all.ts';
export { type RecordOptions, TelemetryMapper, type TelemetryMapperOptions } from './telemetry-mapper.ts';
