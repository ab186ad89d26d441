import { parentPort } from 'node:worker_threads';
import { KqlError } from './kql-error.ts';
import { translate } from './translate.ts';
import type { WorkerReply, WorkerRequest } from './worker-protocol.ts';

/** Entry of a translator's worker thread: loads the binder, says so, then answers one request at a time. */

/** Touches the grammar, the binder and each kind of rule once, so that the first real query is not the slow one. */
const warmUp = `let recent = ago(1d);
DeviceProcessEvents
| where Timestamp > recent and FileName =~ "a" and ProcessCommandLine has_any ("b", "c")
| extend Parsed = parse_json(AdditionalFields), Hour = bin(Timestamp, 1h)
| join kind=inner (DeviceInfo | summarize arg_max(Timestamp, *) by DeviceId) on DeviceId
| summarize count(), make_set(FileName), dcount(DeviceName) by Hour
| top 10 by count_`;

const port = parentPort;
if (port === null) throw new Error('the translator worker must be started as a worker thread');

const reply = (message: WorkerReply) => port.postMessage(message);

translate(warmUp, {
  now: new Date(0),
  scope: { tenantId: '00000000-0000-0000-0000-000000000000', deviceGroups: 'all' },
});
reply({ kind: 'ready' });

port.on('message', ({ id, text, options }: WorkerRequest) => {
  try {
    reply({ kind: 'outcome', id, outcome: translate(text, options) });
  } catch (error) {
    if (error instanceof KqlError) {
      const { kind, message, start, length, construct } = error;
      reply({ kind: 'refusal', id, refusal: { kind, message, start, length, construct } });
    } else {
      reply({ kind: 'failure', id, message: error instanceof Error ? error.message : String(error) });
    }
  }
});
