import { Select } from '@fluentui/react-components';
import { alertSeverities, alertStatuses } from '@merlon/contract';
import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { alertsQuery } from '../api/alerts.ts';
import { meQuery } from '../api/me.ts';
import { and, contains, equal, oneOf, or } from '../api/odata.ts';
import { readSort, sortText } from '../ui/data-table.tsx';
import { FilterMenu } from '../ui/filter-menu.tsx';
import { Page, Toolbar } from '../ui/page.tsx';
import { PAGE_SIZE, Pager } from '../ui/pager.tsx';
import { SearchBox } from '../ui/search-box.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { useListAddress } from '../ui/use-list-address.ts';
import { AlertTable } from './alert-table.tsx';

const NEWEST = 'lastEventTime desc';

export function AlertList() {
  const {
    page = 1,
    q = '',
    sort = NEWEST,
    severity = [],
    status = [],
    assigned,
  } = useSearch({ from: '/alerts' });
  const change = useListAddress();
  const me = useQuery(meQuery);
  const filtered = q !== '' || severity.length + status.length > 0 || assigned !== undefined;
  const alerts = useQuery(
    alertsQuery({
      filter: and(
        or(contains('title', q), contains('computerDnsName', q)),
        oneOf('severity', severity),
        oneOf('status', status),
        assigned === 'me' && me.data
          ? equal('assignedTo', me.data.name)
          : assigned === 'nobody'
            ? 'assignedTo eq null'
            : null,
      ),
      orderBy: sort,
      top: PAGE_SIZE,
      skip: (page - 1) * PAGE_SIZE,
      count: true,
    }),
  );
  return (
    <Page title="Alerts" about="What the detections found on your devices.">
      <Toolbar>
        <SearchBox label="Title or device" value={q} onSearch={(text) => change({ q: text })} />
        <FilterMenu
          label="Severity"
          choices={alertSeverities.filter((one) => one !== 'UnSpecified').toReversed()}
          chosen={severity}
          onChange={(chosen) => change({ severity: chosen })}
        />
        <FilterMenu
          label="Status"
          choices={alertStatuses.filter((one) => one !== 'Unknown')}
          chosen={status}
          onChange={(chosen) => change({ status: chosen })}
        />
        <Select
          aria-label="Assigned to"
          value={assigned ?? ''}
          onChange={(_event, { value }) => change({ assigned: value })}
        >
          <option value="">Assigned to anyone</option>
          <option value="me">Assigned to me</option>
          <option value="nobody">Assigned to nobody</option>
        </Select>
      </Toolbar>
      <Loaded query={alerts} label="Loading alerts…">
        {({ value, '@odata.count': total = value.length }) =>
          total === 0 ? (
            <Empty
              title={
                filtered ? 'No alert matches these filters.' : 'No alerts. Detections run as events arrive.'
              }
            />
          ) : (
            <>
              <AlertTable
                alerts={value}
                withDevice
                sort={readSort(sort)}
                onSort={(next) => change({ sort: sortText(next) })}
                stale={alerts.isPlaceholderData}
              />
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
