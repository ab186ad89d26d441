/** What the tests of every kind begin with. */
import { createServer } from 'node:net';
import { DeliveryError, type DestinationContext, type ExportRecord } from './destination.ts';

const TENANT = '5f0c3c52-7d1e-4a4b-9d58-0f8a6f4d2c11';
const NOW = Date.UTC(2026, 10, 25, 14, 3, 0);

export const openContext = (): DestinationContext => ({ mayConnect: () => undefined, now: () => NOW });

export const forbiddenContext = (): DestinationContext => ({
  ...openContext(),
  mayConnect: (host) => {
    throw new DeliveryError('forbidden', `${host} may not be connected to.`);
  },
});

/** Bounds a test that would else hang. */
export const signal = (): AbortSignal => AbortSignal.timeout(30_000);

/** A port that nobody listens at. */
export async function refusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const deviceOf = (n: number): string => (n % 3).toString(16).repeat(40);

/** The nth record of a stream; `more` are columns. */
export function record(
  n: number,
  more: Readonly<Record<string, unknown>> = {},
  table = 'DeviceProcessEvents',
): ExportRecord {
  const time = `2026-11-25T14:${String(Math.floor(n / 60) % 60).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}.1234567Z`;
  return {
    id: `${deviceOf(n)}.${n}`,
    table,
    key: deviceOf(n),
    time,
    json: JSON.stringify({
      time,
      tenantId: TENANT,
      operationName: 'Publish',
      category: `AdvancedHunting-${table}`,
      properties: {
        Timestamp: time,
        DeviceId: deviceOf(n),
        DeviceName: `pc-${n % 3}`,
        ReportId: n,
        ...more,
      },
    }),
  };
}
