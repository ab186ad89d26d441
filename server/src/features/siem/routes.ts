/** The detections feed that SIEM connectors pull: a bare array, written as it is read, so that its length costs no memory. */
import { Readable } from 'node:stream';
import { SiemDetections } from '@merlon/contract';
import { Type } from 'typebox';
import { defineRoute, type Route } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { Alerts, Detection } from '../alerts/index.ts';
import { detectionEntity } from './detection-entity.ts';
import { readDetectionsRequest } from './detections-request.ts';
import { EXPORTER_PATH } from './exporter-address.ts';

const text = (description: string) => Type.Optional(Type.String({ description }));
const texts = (description: string) =>
  Type.Optional(Type.Union([Type.String(), Type.Array(Type.String())], { description }));

export function detectionRoutes(deps: {
  readonly detections: Alerts['detections'];
  readonly clock: Clock;
}): Route[] {
  return [
    defineRoute({
      id: 'siem.detections',
      method: 'GET',
      path: EXPORTER_PATH,
      summary: 'Detections that arrived in a range of time, one each, of the devices the caller may see.',
      access: {
        kind: 'api',
        application: ['Alert.Read.All', 'Alert.ReadWrite.All'],
        delegated: ['Alert.Read', 'Alert.ReadWrite'],
        role: 'ViewData.SecurityOperations',
        deviceScope: 'filter',
        audience: 'siem',
      },
      audit: null,
      // Names in any case, read by `readDetectionsRequest`: here for the description.
      query: Type.Object({
        sinceTimeUtc: text('Arrived then or later. Default: two hours before the end.'),
        untilTimeUtc: text('Arrived then or before. Default: now.'),
        ago: text('Duration up to now, such as PT10M, in place of the two.'),
        limit: text('The newest so many. Default: all.'),
        machinegroups: texts('Names of device groups. Default: all.'),
        DeviceCreatedMachineTags: text('Tag set on the device.'),
        CloudCreatedMachineTags: texts('Tags set in the portal or by the API; any of them.'),
      }),
      responses: { 200: SiemDetections },
      async handle({ url, caller, origin }) {
        const asked = readDetectionsRequest(url, deps.clock.now());
        const pieces = deps.detections.read(caller, asked);
        // The first before the answer begins, so that what fails can still say so.
        const first = await pieces.next();
        if (first.done) return { status: 200, body: [] };
        const entities = (found: readonly Detection[]) => found.map((one) => detectionEntity(one, origin));
        const second = await pieces.next();
        if (second.done) return { status: 200, body: entities(first.value) };
        async function* written(...read: readonly (readonly Detection[])[]): AsyncGenerator<string> {
          const json = (piece: readonly Detection[]) => JSON.stringify(entities(piece)).slice(1, -1);
          yield `[${read.map(json).join(',')}`;
          for await (const piece of pieces) yield `,${json(piece)}`;
          yield ']';
        }
        return {
          status: 200,
          headers: { 'content-type': 'application/json; charset=utf-8' },
          body: Readable.from(written(first.value, second.value), { objectMode: false }),
        };
      },
    }),
  ];
}
