import { type ODataSet, parseQuery } from '@merlon/odata';
import { describe, expect, it } from 'vitest';
import { pageOrder } from './page-key.ts';

const field = { filterable: true, sortable: true } as const;
const set: ODataSet = {
  name: 'things',
  fields: [
    { ...field, name: 'id', type: 'string' },
    { ...field, name: 'madeAt', type: 'datetime' },
    { ...field, name: 'changedAt', type: 'datetime' },
  ],
  expandable: [],
  maxTop: 10,
  paging: { key: 'id', orderBy: [{ property: 'madeAt', direction: 'desc' }], changedAt: 'changedAt' },
};

const order = (search: string) =>
  pageOrder(parseQuery(search, set), set)?.map((one) => `${one.field.name} ${one.direction}`);

describe('the order of pages', () => {
  it.each([
    '$filter=changedAt gt 2026-01-01Z',
    '$filter=changedAt ge 2026-01-01Z and changedAt lt 2026-02-01Z',
    "$filter=(id ne 'a' and 2026-01-01Z lt changedAt)&$skip=3",
  ])('is that of changes for whoever asks what changed: %s', (search) => {
    expect(order(search)).toEqual(['changedAt asc', 'id asc']);
  });

  it.each([
    '',
    '$filter=madeAt gt 2026-01-01Z',
    '$filter=changedAt lt 2026-01-01Z',
    '$filter=changedAt eq 2026-01-01Z',
    "$filter=changedAt gt 2026-01-01Z or id eq 'a'",
    '$filter=not (changedAt gt 2026-01-01Z)',
    '$filter=changedAt gt 2026-01-01Z&$top=5',
  ])('is that of the set for others: %s', (search) => {
    expect(order(search)).toEqual(['madeAt desc', 'id asc']);
  });

  it('is the one that was asked for', () => {
    expect(order('$filter=changedAt gt 2026-01-01Z&$orderby=changedAt desc')).toEqual([
      'changedAt desc',
      'id asc',
    ]);
  });
});
