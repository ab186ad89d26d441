/** The real daemon with a sensor that sees one made-up event every 50 ms, so that tests of the rest watch nothing of the machine they run on. */
import { messageOf } from '../agent-error.ts';
import { runDaemon } from '../daemon.ts';
import type { CreateSensor } from '../session.ts';
import { readSettings } from '../settings.ts';

const createSensor: CreateSensor = ({ emit }) => {
  let timer: NodeJS.Timeout | undefined;
  let events = 0;
  return {
    async start() {
      emit({ Table: 'DeviceInfo', Timestamp: new Date().toISOString() });
      timer = setInterval(() => {
        events += 1;
        emit({ Table: 'DeviceEvents', Timestamp: new Date().toISOString(), ActionType: 'Test', n: events });
      }, 50);
    },
    async stop() {
      clearInterval(timer);
    },
    hashesOf: () => null,
    report: (row) => emit(row),
    health: () => [{ source: 'process', provider: 'made up', state: 'Running', events, lost: 0 }],
  };
};

try {
  await runDaemon({ settings: readSettings(process.env), createSensor });
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
