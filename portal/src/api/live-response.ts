import { queryOptions } from '@tanstack/react-query';
import { api } from '../services.ts';
import { answer } from './client.ts';

export interface LiveSession {
  readonly id: string;
  readonly machineId: string;
  readonly computerDnsName: string;
  /** AwaitingApproval, Connecting, Connected, Ended. */
  readonly status: string;
  readonly requestor: string;
  readonly comment: string;
  readonly endReason: string | null;
  readonly approvalPolicy: string | null;
}

export interface LiveEntry {
  readonly position: number;
  readonly time: string;
  readonly kind: string;
  readonly command: number;
  readonly stream: string | null;
  readonly text: string;
  readonly author: string | null;
  readonly result: string | null;
}

export const liveSessionQuery = (id: string) =>
  queryOptions({
    queryKey: ['liveSession', id],
    queryFn: ({ signal }): Promise<LiveSession> =>
      answer(api.GET('/api/merlon/liveresponse/sessions/{id}', { params: { path: { id } }, signal })),
  });

export function startSession(machineId: string, comment: string): Promise<LiveSession> {
  return answer(api.POST('/api/merlon/liveresponse/sessions', { body: { machineId, comment } }));
}

/** The address of the session's socket, good once and for a minute. */
export async function consoleAddress(id: string): Promise<string> {
  const { url } = await answer(
    api.POST('/api/merlon/liveresponse/sessions/{id}/ticket', { params: { path: { id } }, body: {} }),
  );
  return url;
}

export function closeSession(id: string): Promise<unknown> {
  return answer(
    api.POST('/api/merlon/liveresponse/sessions/{id}/close', { params: { path: { id } }, body: {} }),
  );
}

/** Where a file that the device handed in can be had for 30 minutes. */
export async function resultLink(id: string, command: number): Promise<string> {
  const { value } = await answer(
    api.GET('/api/merlon/liveresponse/sessions/{id}/results/{command}', {
      params: { path: { id, command: String(command) } },
    }),
  );
  return value;
}
