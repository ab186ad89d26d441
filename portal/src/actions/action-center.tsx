import { machineActionStatuses, machineActionTypes } from '@merlon/contract';
import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { machineActionsQuery } from '../api/machine-actions.ts';
import { and, oneOf } from '../api/odata.ts';
import { FilterMenu } from '../ui/filter-menu.tsx';
import { Page, Toolbar } from '../ui/page.tsx';
import { PAGE_SIZE, Pager } from '../ui/pager.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { useListAddress } from '../ui/use-list-address.ts';
import { ActionTable } from './action-table.tsx';

export function ActionCenter() {
  const { page = 1, status = [], type = [] } = useSearch({ from: '/actions' });
  const change = useListAddress();
  const actions = useQuery(
    machineActionsQuery({
      filter: and(oneOf('status', status), oneOf('type', type)),
      top: PAGE_SIZE,
      skip: (page - 1) * PAGE_SIZE,
      count: true,
    }),
  );
  return (
    <Page title="Action center" about="What was ordered on devices, and what became of it.">
      <Toolbar>
        <FilterMenu
          label="Status"
          choices={machineActionStatuses}
          chosen={status}
          onChange={(chosen) => change({ status: chosen })}
        />
        <FilterMenu
          label="Action"
          choices={machineActionTypes}
          chosen={type}
          onChange={(chosen) => change({ type: chosen })}
        />
      </Toolbar>
      <Loaded query={actions} label="Loading actions…">
        {({ value, '@odata.count': total = value.length }) =>
          total === 0 ? (
            <Empty
              title={
                status.length + type.length > 0
                  ? 'No action matches these filters.'
                  : 'Nothing was ordered yet.'
              }
            />
          ) : (
            <>
              <ActionTable actions={value} withDevice stale={actions.isPlaceholderData} />
              <Pager
                page={page}
                shown={value.length}
                total={total}
                onPage={(next) => change({ page: next })}
              />
            </>
          )
        }
      </Loaded>
    </Page>
  );
}
