import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { healthStatuses, type Machine, riskScores } from '@merlon/contract';
import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { deviceGroupNamesQuery, fetchMachines, machinesQuery } from '../api/machines.ts';
import { and, anyOf, contains, equal, literal, oneOf, or } from '../api/odata.ts';
import type { Column } from '../ui/data-table.tsx';
import { FilterMenu } from '../ui/filter-menu.tsx';
import { DismissRegular } from '../ui/icons.ts';
import { Health, Level } from '../ui/levels.tsx';
import { ListPage, pageOf } from '../ui/list-page.tsx';
import { Page } from '../ui/page.tsx';
import { SearchBox } from '../ui/search-box.tsx';
import { Empty } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Ago, Time } from '../ui/time.tsx';
import { useListAddress } from '../ui/use-list-address.ts';
import { BulkOrders } from './bulk-orders.tsx';
import { FirstDevices } from './first-devices.tsx';

const useStyles = makeStyles({
  name: { fontWeight: tokens.fontWeightSemibold },
  minor: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200 },
});

/** Families of systems, by what `osPlatform` begins with. */
const platforms = ['Windows', 'Linux', 'macOS'] as const;
const REFRESHED_SORT = 'lastSeen desc';

export function DeviceList() {
  const address = useSearch({ from: '/devices' });
  const change = useListAddress();
  const { q = '', sort = REFRESHED_SORT, health = [], risk = [], os = [], group = [], tag } = address;
  const search = q.trim();
  const filtered =
    search !== '' || health.length + risk.length + os.length + group.length > 0 || tag !== undefined;
  const filter = and(
    or(
      contains('computerDnsName', search),
      search === '' ? null : equal('lastIpAddress', search),
      search === '' ? null : equal('id', search.toLowerCase()),
    ),
    oneOf('healthStatus', health),
    oneOf('riskScore', risk),
    or(...os.map((platform) => `startswith(osPlatform,${literal(platform)})`)),
    oneOf('rbacGroupName', group),
    tag === undefined ? null : anyOf('machineTags', [tag]),
  );
  const machines = useQuery(machinesQuery({ ...pageOf(address), filter, orderBy: sort }));
  const groups = useQuery(deviceGroupNamesQuery);

  return (
    <Page title="Devices" about="Every device that has reported to Merlon.">
      <ListPage
        label="Devices"
        columns={columns}
        address={address}
        onAddress={change}
        defaultSort={REFRESHED_SORT}
        query={machines}
        rowKey={({ id }) => id}
        rowName={({ computerDnsName, id }) => computerDnsName ?? id}
        fetchPage={(options, signal) => fetchMachines({ ...options, filter, orderBy: sort }, signal)}
        bulk={(rows, done) => <BulkOrders machines={rows} onDone={done} />}
        empty={filtered ? <Empty title="No device matches these filters." /> : <FirstDevices />}
        filters={
          <>
            <SearchBox label="Name, address or id" value={q} onSearch={(text) => change({ q: text })} />
            <FilterMenu
              label="System"
              choices={platforms}
              chosen={os}
              onChange={(chosen) => change({ os: chosen })}
            />
            <FilterMenu
              label="Health"
              choices={healthStatuses}
              chosen={health}
              onChange={(chosen) => change({ health: chosen })}
            />
            <FilterMenu
              label="Risk"
              choices={riskScores}
              chosen={risk}
              onChange={(chosen) => change({ risk: chosen })}
            />
            {groups.data && groups.data.length > 1 ? (
              <FilterMenu
                label="Group"
                choices={groups.data}
                chosen={group}
                onChange={(chosen) => change({ group: chosen })}
              />
            ) : null}
            {tag === undefined ? null : (
              <Button
                icon={<DismissRegular />}
                iconPosition="after"
                style={{ fontWeight: 'normal' }}
                aria-label={`Show every tag, not only ${tag}`}
                onClick={() => change({ tag: undefined })}
              >
                Tag: {tag}
              </Button>
            )}
          </>
        }
      />
    </Page>
  );
}

const columns: readonly Column<Machine>[] = [
  {
    id: 'name',
    title: 'Device',
    sortBy: 'computerDnsName',
    text: ({ computerDnsName }) => computerDnsName,
    cell: (machine) => <Name machine={machine} />,
  },
  {
    id: 'os',
    title: 'System',
    width: '140px',
    sortBy: 'osPlatform',
    text: ({ osPlatform }) => osPlatform,
    cell: (machine) => <System machine={machine} />,
  },
  {
    id: 'health',
    title: 'Health',
    width: '130px',
    sortBy: 'healthStatus',
    text: ({ healthStatus }) => healthStatus,
    cell: ({ healthStatus }) => <Health status={healthStatus} />,
  },
  {
    id: 'risk',
    title: 'Risk',
    width: '110px',
    sortBy: 'riskScore',
    text: ({ riskScore }) => riskScore,
    cell: ({ riskScore }) => <Level level={riskScore} />,
  },
  {
    id: 'seen',
    title: 'Last seen',
    width: '130px',
    sortBy: 'lastSeen',
    text: ({ lastSeen }) => lastSeen,
    cell: ({ lastSeen }) => <Ago value={lastSeen} />,
  },
  {
    id: 'tags',
    title: 'Tags',
    width: '150px',
    text: ({ machineTags }) => machineTags.join('; '),
    cell: ({ machineTags }) => <Tags tags={machineTags} />,
  },
  {
    id: 'group',
    title: 'Group',
    width: '140px',
    sortBy: 'rbacGroupName',
    optional: true,
    text: ({ rbacGroupName }) => rbacGroupName,
    cell: ({ rbacGroupName }) => rbacGroupName ?? '–',
  },
  {
    id: 'value',
    title: 'Value',
    width: '90px',
    sortBy: 'deviceValue',
    optional: true,
    text: ({ deviceValue }) => deviceValue,
    cell: ({ deviceValue }) => deviceValue ?? '–',
  },
  {
    id: 'exposure',
    title: 'Exposure',
    width: '110px',
    sortBy: 'exposureLevel',
    optional: true,
    text: ({ exposureLevel }) => exposureLevel,
    cell: ({ exposureLevel }) => exposureLevel ?? '–',
  },
  {
    id: 'ip',
    title: 'Address',
    width: '130px',
    sortBy: 'lastIpAddress',
    optional: true,
    text: ({ lastIpAddress }) => lastIpAddress,
    cell: ({ lastIpAddress }) => lastIpAddress ?? '–',
  },
  {
    id: 'first',
    title: 'First seen',
    width: '150px',
    sortBy: 'firstSeen',
    optional: true,
    text: ({ firstSeen }) => firstSeen,
    cell: ({ firstSeen }) => <Time value={firstSeen} />,
  },
  {
    id: 'agent',
    title: 'Agent',
    width: '90px',
    optional: true,
    text: ({ agentVersion }) => agentVersion,
    cell: ({ agentVersion }) => agentVersion ?? '–',
  },
  {
    id: 'id',
    title: 'Device id',
    width: '160px',
    optional: true,
    text: ({ id }) => id,
    cell: ({ id }) => <span title={id}>{id}</span>,
  },
];

function Name({ machine: { id, computerDnsName, lastIpAddress } }: { readonly machine: Machine }) {
  const styles = useStyles();
  return (
    <div>
      <TextLink to="/devices/$deviceId" params={{ deviceId: id }} className={styles.name}>
        {computerDnsName ?? id}
      </TextLink>
      <div className={styles.minor}>{lastIpAddress}</div>
    </div>
  );
}

function System({ machine: { osPlatform, version, osVersion } }: { readonly machine: Machine }) {
  const styles = useStyles();
  return (
    <div>
      {osPlatform}
      <div className={styles.minor}>{versionText(osPlatform, version ?? osVersion ?? '')}</div>
    </div>
  );
}

function Tags({ tags }: { readonly tags: readonly string[] }) {
  return (
    <span style={{ display: 'flex', gap: '4px 10px', flexWrap: 'wrap' }}>
      {tags.map((tag) => (
        <TextLink key={tag} to="/devices" search={{ tag }} title={`Devices tagged ${tag}`}>
          {tag}
        </TextLink>
      ))}
    </span>
  );
}

/** Nothing where the version only repeats the name, as in `Windows11`, `Windows 11`. */
function versionText(osPlatform: string, version: string): string {
  return version.replaceAll(' ', '') === osPlatform ? '' : version;
}
