import type { Indicator } from '@merlon/contract';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../services.ts';
import { answer } from './client.ts';
import { equal, odataParams } from './odata.ts';

export type IndicatorKind = 'FileSha1' | 'FileSha256' | 'FileMd5' | 'IpAddress' | 'DomainName' | 'Url';

/** Those of one value, of whatever kind. */
export const indicatorsOf = (value: string) =>
  queryOptions({
    queryKey: ['indicators', value],
    queryFn: async ({ signal }): Promise<readonly Indicator[]> =>
      (
        await answer(
          api.GET('/api/indicators', {
            params: { query: odataParams({ filter: equal('indicatorValue', value) }) },
            signal,
          }),
        )
      ).value,
  });

export interface NewIndicator {
  readonly indicatorValue: string;
  readonly indicatorType: IndicatorKind;
  readonly action: string;
  readonly title: string;
  readonly description: string;
  readonly expirationTime?: string;
}

export function submitIndicator(body: NewIndicator): Promise<Indicator> {
  return answer(api.POST('/api/indicators', { body }));
}

export function removeIndicator(id: string): Promise<unknown> {
  return answer(api.DELETE('/api/indicators/{id}', { params: { path: { id } } }));
}
