import { Tab, TabList } from '@fluentui/react-components';
import { machineActionStatuses, machineActionTypes } from '@merlon/contract';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { fetchMachineActions, machineActionsQuery } from '../api/machine-actions.ts';
import { and, oneOf } from '../api/odata.ts';
import type { ActionTab } from '../router.tsx';
import { FilterMenu } from '../ui/filter-menu.tsx';
import { ListPage, pageOf } from '../ui/list-page.tsx';
import { Page } from '../ui/page.tsx';
import { Empty } from '../ui/states.tsx';
import { useListAddress } from '../ui/use-list-address.ts';
import { actionColumns } from './action-table.tsx';
import { PendingApprovals } from './pending-approvals.tsx';

const NEWEST = 'creationDateTimeUtc desc';

export function ActionCenter() {
  const { tab = 'history' } = useSearch({ from: '/actions' });
  const navigate = useNavigate();
  return (
    <Page
      title="Action center"
      about="What was ordered on devices, what waits for a second person, and what became of it."
    >
      <TabList
        selectedValue={tab}
        onTabSelect={(_event, { value }) =>
          void navigate({ to: '/actions', search: { tab: value as ActionTab }, replace: true })
        }
      >
        <Tab value="history">History</Tab>
        <Tab value="pending">Pending approval</Tab>
      </TabList>
      {tab === 'pending' ? <PendingApprovals /> : <History />}
    </Page>
  );
}

function History() {
  const address = useSearch({ from: '/actions' });
  const { sort = NEWEST, status = [], type = [] } = address;
  const change = useListAddress();
  const filter = and(oneOf('status', status), oneOf('type', type));
  return (
    <ListPage
      label="Machine actions"
      columns={actionColumns}
      address={address}
      onAddress={change}
      defaultSort={NEWEST}
      query={useQuery(machineActionsQuery({ ...pageOf(address), filter, orderBy: sort }))}
      rowKey={({ id }) => id}
      fetchPage={(options, signal) => fetchMachineActions({ ...options, filter, orderBy: sort }, signal)}
      empty={
        <Empty
          title={
            status.length + type.length > 0 ? 'No action matches these filters.' : 'Nothing was ordered yet.'
          }
        />
      }
      filters={
        <>
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
        </>
      }
    />
  );
}
