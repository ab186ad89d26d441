/** Other people and programs at work: they make alerts of events, several at a time, and change them while others poll. */
import type { TestServer } from '../support/server.ts';
import type { Row } from './traffic.ts';

export interface EventReference {
  readonly machineId: string;
  readonly eventTime: string;
  readonly reportId: string;
}

/** Events that alerts can be made of, of as many devices as there are. */
export async function eventsToAlertOn(server: TestServer, token: string): Promise<EventReference[]> {
  const answer = await server.call('/api/advancedqueries/run', {
    token,
    json: {
      Query:
        'DeviceProcessEvents | where isnotempty(ReportId) | summarize arg_max(Timestamp, ReportId) by DeviceId, bin(Timestamp, 1h) | project DeviceId, Timestamp1, ReportId | take 60',
    },
  });
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.json().Results.map((row: Row) => ({
    machineId: row.DeviceId,
    eventTime: row.Timestamp1,
    reportId: String(row.ReportId),
  }));
}

export async function createAlert(
  server: TestServer,
  token: string,
  event: EventReference,
  title: string,
): Promise<string> {
  const answer = await server.call('/api/alerts/CreateAlertByReference', {
    token,
    json: {
      ...event,
      severity: 'Medium',
      title,
      description: 'Made while others poll.',
      recommendedAction: 'None.',
      category: 'Execution',
    },
  });
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  return answer.json().id;
}

/**
 * Makes `count` alerts one after another, and after each changes an earlier one: alone, with others at once, through its incident, in Graph's words.
 * Several of these run at the same time, each on a connection of its own.
 */
export async function writeAlerts(
  server: TestServer,
  token: string,
  events: readonly EventReference[],
  { writer, count }: { writer: string; count: number },
): Promise<string[]> {
  const made: string[] = [];
  for (let i = 0; i < count; i++) {
    const event = events[i % events.length];
    if (event === undefined) throw new Error('there is no event');
    made.push(await createAlert(server, token, event, `${writer} ${i}`));
    const earlier = made[Math.floor(i / 2)] ?? '';
    const changes = [
      () => ['PATCH', `/api/alerts/${earlier}`, { status: 'InProgress', assignedTo: writer }],
      () => ['PATCH', `/v1.0/security/alerts_v2/${earlier}`, { classification: 'truePositive' }],
      () => ['POST', '/api/alerts/batchUpdate', { alertIds: made.slice(-3), comment: `${i}` }],
      () => ['PATCH', `/api/alerts/${earlier}`, { status: 'Resolved', comment: 'Over.' }],
    ] as const;
    const [method, path, json] = changes[i % changes.length]?.() ?? [];
    const answer = await server.call(String(path), { method: String(method), token, json });
    if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
  }
  return made;
}
