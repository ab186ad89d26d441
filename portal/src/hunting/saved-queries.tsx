/** Saved queries, own and shared ones. */
import {
  Badge,
  Button,
  Menu,
  MenuItem,
  MenuList,
  MenuPopover,
  MenuTrigger,
  makeStyles,
  Text,
  tokens,
} from '@fluentui/react-components';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import {
  changeSavedQuery,
  removeSavedQuery,
  type SavedQuery,
  savedQueriesQuery,
  savedQueryText,
} from '../api/hunting.ts';
import { meQuery } from '../api/me.ts';
import { MoreHorizontalRegular } from '../ui/icons.ts';
import { Loaded, Problem } from '../ui/states.tsx';

const useStyles = makeStyles({
  list: { listStyle: 'none', margin: 0, padding: 0, overflow: 'auto' },
  item: { display: 'flex', alignItems: 'center', gap: tokens.spacingHorizontalXS },
  name: {
    flexGrow: 1,
    minWidth: 0,
    padding: '4px',
    border: 'none',
    background: 'none',
    cursor: 'pointer',
    textAlign: 'left',
    fontFamily: 'inherit',
    color: tokens.colorNeutralForeground1,
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
});

export function SavedQueries({ onOpen }: { onOpen(query: SavedQuery, text: string): void }) {
  const styles = useStyles();
  const saved = useQuery(savedQueriesQuery);
  const me = useQuery(meQuery);
  const queries = useQueryClient();
  const open = useMutation({
    mutationFn: async (query: SavedQuery) => onOpen(query, await savedQueryText(query.id)),
  });
  const change = useMutation({
    mutationFn: (work: () => Promise<unknown>) => work(),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['savedQueries'] }),
  });
  const problem = open.error ?? change.error;
  return (
    <section aria-label="Saved queries" style={{ overflow: 'auto' }}>
      {problem ? <Problem error={problem} /> : null}
      <Loaded query={saved} label="Loading saved queries…">
        {(value) =>
          value.length === 0 ? (
            <Text size={200}>Nothing is saved yet. Save a query to find it here.</Text>
          ) : (
            <ul className={styles.list}>
              {value.map((query) => (
                <li key={query.id} className={styles.item}>
                  <button
                    type="button"
                    className={styles.name}
                    title={`${query.name}, by ${query.ownerName}`}
                    onClick={() => open.mutate(query)}
                  >
                    {query.name}
                  </button>
                  {query.shared ? (
                    <Badge appearance="tint" size="small">
                      shared
                    </Badge>
                  ) : null}
                  <Menu>
                    <MenuTrigger disableButtonEnhancement>
                      <Button
                        size="small"
                        appearance="subtle"
                        icon={<MoreHorizontalRegular />}
                        aria-label={`More for ${query.name}`}
                      />
                    </MenuTrigger>
                    <MenuPopover>
                      <MenuList>
                        {query.ownerId === me.data?.id ? (
                          <MenuItem
                            onClick={() =>
                              change.mutate(() => changeSavedQuery(query.id, { shared: !query.shared }))
                            }
                          >
                            {query.shared ? 'Take back from everyone' : 'Share with everyone'}
                          </MenuItem>
                        ) : null}
                        <MenuItem onClick={() => change.mutate(() => removeSavedQuery(query.id))}>
                          Delete
                        </MenuItem>
                      </MenuList>
                    </MenuPopover>
                  </Menu>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </section>
  );
}
