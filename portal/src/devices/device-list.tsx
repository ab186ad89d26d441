import { Button, makeStyles, tokens } from '@fluentui/react-components';
import { healthStatuses, type Machine, riskScores } from '@merlon/contract';
import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { machinesQuery } from '../api/machines.ts';
import { and, anyOf, contains, equal, oneOf, or } from '../api/odata.ts';
import { type Column, DataTable, readSort, sortText } from '../ui/data-table.tsx';
import { FilterMenu } from '../ui/filter-menu.tsx';
import { DismissRegular } from '../ui/icons.ts';
import { Health, Level } from '../ui/levels.tsx';
import { Page, Toolbar } from '../ui/page.tsx';
import { PAGE_SIZE, Pager } from '../ui/pager.tsx';
import { SearchBox } from '../ui/search-box.tsx';
import { Empty, Loaded } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Ago } from '../ui/time.tsx';
import { useListAddress } from '../ui/use-list-address.ts';
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
  const { q = '', sort = REFRESHED_SORT, page = 1, health = [], risk = [], os = [], tag } = address;
  const search = q.trim();
  const filtered = search !== '' || health.length + risk.length + os.length > 0 || tag !== undefined;
  const machines = useQuery(
    machinesQuery({
      filter: and(
        or(
          contains('computerDnsName', search),
          search === '' ? null : equal('lastIpAddress', search),
          search === '' ? null : equal('id', search.toLowerCase()),
        ),
        oneOf('healthStatus', health),
        oneOf('riskScore', risk),
        or(...os.map((platform) => `startswith(osPlatform,'${platform}')`)),
        tag === undefined ? null : anyOf('machineTags', [tag]),
      ),
      orderBy: sort,
      top: PAGE_SIZE,
      skip: (page - 1) * PAGE_SIZE,
      count: true,
    }),
  );

  return (
    <Page title="Devices" about="Every device that has reported to Merlon.">
      <Toolbar>
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
      </Toolbar>
      <Loaded query={machines} label="Loading devices…">
        {({ value, '@odata.count': total = value.length }) =>
          total === 0 && !filtered ? (
            <FirstDevices />
          ) : total === 0 ? (
            <Empty title="No device matches these filters." />
          ) : (
            <>
              <DataTable
                label="Devices"
                columns={columns}
                rows={value}
                rowKey={({ id }) => id}
                sort={readSort(sort)}
                onSort={(next) => change({ sort: sortText(next) })}
                stale={machines.isPlaceholderData}
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

const columns: readonly Column<Machine>[] = [
  { id: 'name', title: 'Device', sortBy: 'computerDnsName', cell: (machine) => <Name machine={machine} /> },
  {
    id: 'os',
    title: 'System',
    width: '140px',
    sortBy: 'osPlatform',
    cell: (machine) => <System machine={machine} />,
  },
  {
    id: 'health',
    title: 'Health',
    width: '130px',
    sortBy: 'healthStatus',
    cell: ({ healthStatus }) => <Health status={healthStatus} />,
  },
  {
    id: 'risk',
    title: 'Risk',
    width: '120px',
    sortBy: 'riskScore',
    cell: ({ riskScore }) => <Level level={riskScore} />,
  },
  {
    id: 'seen',
    title: 'Last seen',
    width: '140px',
    sortBy: 'lastSeen',
    cell: ({ lastSeen }) => <Ago value={lastSeen} />,
  },
  { id: 'tags', title: 'Tags', width: '150px', cell: ({ machineTags }) => <Tags tags={machineTags} /> },
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
