/** Who changed an alert, from the audit log; for those who may read that. */
import { makeStyles, Subtitle2, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { auditQuery } from '../api/audit.ts';
import { equal } from '../api/odata.ts';
import { usePermission } from '../ui/permission.tsx';
import { Loaded } from '../ui/states.tsx';
import { Time } from '../ui/time.tsx';

const SHOWN = 50;

const useStyles = makeStyles({
  list: { listStyle: 'none', margin: 0, padding: 0, display: 'grid', gap: tokens.spacingVerticalS },
  when: { color: tokens.colorNeutralForeground3, fontSize: tokens.fontSizeBase200, display: 'block' },
});

export function History({ alertId }: { readonly alertId: string }) {
  const styles = useStyles();
  const { allowed } = usePermission('PortalSettings.Manage');
  const records = useQuery({
    ...auditQuery({ filter: equal('targetId', alertId), top: SHOWN }),
    enabled: allowed,
  });
  if (!allowed) return null;
  return (
    <section aria-label="History">
      <Subtitle2 as="h2">History</Subtitle2>
      <Loaded query={records} label="Loading the history…">
        {({ value }) =>
          value.length === 0 ? (
            <>Nobody has changed it yet.</>
          ) : (
            <ul className={styles.list}>
              {value.map(({ id, time, actorName, action, outcome }) => (
                <li key={id}>
                  <span className={styles.when}>
                    <Time value={time} />
                  </span>
                  {actorName}: {action}
                  {outcome === 'success' ? '' : ` (${outcome})`}
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </section>
  );
}
