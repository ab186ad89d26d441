/**
 * Search over everything: several questions of the public API side by side, each for what the text may be. What does not exist, or the role does not reach, is
 * simply not found.
 */
import { queryOptions } from '@tanstack/react-query';
import type { LinkProps } from '@tanstack/react-router';
import { fetchAlerts } from '../api/alerts.ts';
import { ApiProblem } from '../api/api-problem.ts';
import { answer } from '../api/client.ts';
import { fetchMachines } from '../api/machines.ts';
import { contains, equal, or } from '../api/odata.ts';
import { kqlText } from '../hunting/kql-text.ts';
import { api } from '../services.ts';
import { thingsNamed } from './kinds-of-text.ts';

export interface Hit {
  readonly kind: 'Device' | 'Alert' | 'User' | 'File' | 'Address' | 'Domain' | 'Hunting';
  readonly title: string;
  readonly detail: string;
  readonly link: LinkProps;
}

const MOST = 6;
export const SHORTEST = 2;

type Question = (text: string, signal: AbortSignal) => Promise<Hit[]>;

const questions: readonly Question[] = [devices, alerts, users, namedThings, inEvents];

/** One answer for each question, in their order, so that a slow one holds up none. */
export const searchQueries = (text: string) =>
  questions.map((ask, index) =>
    queryOptions({
      queryKey: ['search', index, text],
      queryFn: ({ signal }) => ask(text, signal),
      enabled: text.length >= SHORTEST,
      staleTime: 30_000,
    }),
  );

async function devices(text: string, signal: AbortSignal): Promise<Hit[]> {
  const { value } = await fetchMachines(
    {
      filter: or(
        contains('computerDnsName', text),
        equal('lastIpAddress', text),
        equal('id', text.toLowerCase()),
      ),
      orderBy: 'lastSeen desc',
      top: MOST,
    },
    signal,
  );
  return value.map(({ id, computerDnsName, osPlatform, lastIpAddress }) => ({
    kind: 'Device',
    title: computerDnsName ?? id,
    detail: [osPlatform, lastIpAddress].filter(Boolean).join(' · '),
    link: { to: '/devices/$deviceId', params: { deviceId: id } },
  }));
}

async function alerts(text: string, signal: AbortSignal): Promise<Hit[]> {
  const { value } = await fetchAlerts(
    { filter: or(contains('title', text), equal('id', text)), orderBy: 'lastEventTime desc', top: MOST },
    signal,
  );
  return value.map(({ id, title, severity, computerDnsName }) => ({
    kind: 'Alert',
    title,
    detail: [severity, computerDnsName].filter(Boolean).join(' · '),
    link: { to: '/alerts/$alertId', params: { alertId: id } },
  }));
}

async function users(text: string, signal: AbortSignal): Promise<Hit[]> {
  if (!/^[^\s/]{1,256}$/.test(text)) return [];
  try {
    const user = await answer(api.GET('/api/users/{id}', { params: { path: { id: text } }, signal }));
    return [
      {
        kind: 'User',
        title: user.id,
        detail: `on ${user.logOnMachinesCount ?? 0} devices`,
        link: { to: '/users/$user', params: { user: user.id } },
      },
    ];
  } catch (error) {
    // No such account, or a text that can be none.
    if (error instanceof ApiProblem && [400, 404].includes(error.status)) return [];
    throw error;
  }
}

async function namedThings(text: string): Promise<Hit[]> {
  return thingsNamed(text).flatMap((thing): Hit[] => {
    switch (thing.kind) {
      case 'file':
        return [
          {
            kind: 'File',
            title: thing.hash,
            detail: 'file of this hash',
            link: { to: '/files/$hash', params: { hash: thing.hash } },
          },
        ];
      case 'ip':
        return [
          {
            kind: 'Address',
            title: thing.address,
            detail: 'IP address',
            link: { to: '/ips/$address', params: { address: thing.address } },
          },
        ];
      case 'domain':
        return [
          {
            kind: 'Domain',
            title: thing.host,
            detail: 'domain',
            link: { to: '/domains/$host', params: { host: thing.host } },
          },
        ];
      default:
        // Devices and alerts are found by the sets themselves.
        return [];
    }
  });
}

async function inEvents(text: string): Promise<Hit[]> {
  return [
    {
      kind: 'Hunting',
      title: `Hunt for “${text}”`,
      detail: 'file names and command lines of the last 7 days',
      link: {
        to: '/hunting',
        search: {
          query: [
            'DeviceProcessEvents',
            '| where Timestamp > ago(7d)',
            `| where FileName has ${kqlText(text)} or ProcessCommandLine has ${kqlText(text)}`,
            '| project Timestamp, DeviceName, FileName, ProcessCommandLine, AccountName, SHA1',
            '| sort by Timestamp desc',
            '| take 200',
          ].join('\n'),
          run: true,
        },
      },
    },
  ];
}
