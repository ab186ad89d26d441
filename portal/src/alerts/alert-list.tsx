import { alertStatuses } from '@merlon/contract';
import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { alertsQuery, fetchAlerts } from '../api/alerts.ts';
import { meQuery } from '../api/me.ts';
import { and, contains, oneOf, or } from '../api/odata.ts';
import { FilterMenu } from '../ui/filter-menu.tsx';
import { ListPage, pageOf } from '../ui/list-page.tsx';
import { Page } from '../ui/page.tsx';
import { SearchBox } from '../ui/search-box.tsx';
import { Empty } from '../ui/states.tsx';
import { AssignedFilter, assignedCondition, SeverityFilter } from '../ui/triage-fields.tsx';
import { useListAddress } from '../ui/use-list-address.ts';
import { alertColumns } from './alert-table.tsx';
import { BulkTriage } from './bulk-triage.tsx';

const NEWEST = 'lastEventTime desc';
/** What raises alerts here. */
const sources = ['WindowsDefenderAtp', 'CustomDetection', 'CustomerTI', 'Antivirus'] as const;

export function AlertList() {
  const address = useSearch({ from: '/alerts' });
  const { q = '', sort = NEWEST, severity = [], status = [], source = [], assigned } = address;
  const change = useListAddress();
  const me = useQuery(meQuery);
  const filtered = q !== '' || severity.length + status.length + source.length > 0 || assigned !== undefined;
  const filter = and(
    or(contains('title', q), contains('computerDnsName', q)),
    oneOf('severity', severity),
    oneOf('status', status),
    oneOf('detectionSource', source),
    assignedCondition(assigned, me.data?.name),
  );
  return (
    <Page title="Alerts" about="What the detections found on your devices.">
      <ListPage
        label="Alerts"
        columns={alertColumns}
        address={address}
        onAddress={change}
        defaultSort={NEWEST}
        query={useQuery(alertsQuery({ ...pageOf(address), filter, orderBy: sort }))}
        rowKey={({ id }) => id}
        rowName={({ title }) => title}
        fetchPage={(options, signal) => fetchAlerts({ ...options, filter, orderBy: sort }, signal)}
        bulk={(rows, done) => <BulkTriage alerts={rows} onDone={done} />}
        empty={
          <Empty
            title={
              filtered ? 'No alert matches these filters.' : 'No alerts. Detections run as events arrive.'
            }
          />
        }
        filters={
          <>
            <SearchBox label="Title or device" value={q} onSearch={(text) => change({ q: text })} />
            <SeverityFilter chosen={severity} onChange={(chosen) => change({ severity: chosen })} />
            <FilterMenu
              label="Status"
              choices={alertStatuses.filter((one) => one !== 'Unknown')}
              chosen={status}
              onChange={(chosen) => change({ status: chosen })}
            />
            <FilterMenu
              label="Source"
              choices={sources}
              chosen={source}
              onChange={(chosen) => change({ source: chosen })}
            />
            <AssignedFilter assigned={assigned} onChange={(value) => change({ assigned: value })} />
          </>
        }
      />
    </Page>
  );
}
