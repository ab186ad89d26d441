/** Tables and their columns; a click puts the name into the query. */
import { Input, makeStyles, Text, tokens } from '@fluentui/react-components';
import { type HuntingCategory, huntingTables } from '@merlon/contract';
import { useState } from 'react';

const useStyles = makeStyles({
  frame: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalS,
    minHeight: 0,
    minWidth: 0,
  },
  list: { overflow: 'auto', flexGrow: 1, minHeight: 0 },
  group: {
    display: 'block',
    color: tokens.colorNeutralForeground3,
    padding: `${tokens.spacingVerticalS} 0 ${tokens.spacingVerticalXXS}`,
  },
  table: { padding: '2px 0' },
  summary: {
    cursor: 'pointer',
    overflow: 'hidden',
    textOverflow: 'ellipsis',
    whiteSpace: 'nowrap',
    fontSize: tokens.fontSizeBase200,
    borderRadius: tokens.borderRadiusSmall,
    ':focus-visible': { outline: `2px solid ${tokens.colorStrokeFocus2}` },
  },
  columns: {
    listStyle: 'none',
    margin: `0 0 ${tokens.spacingVerticalS}`,
    padding: `0 0 0 ${tokens.spacingHorizontalM}`,
  },
  name: {
    display: 'flex',
    width: '100%',
    justifyContent: 'space-between',
    gap: tokens.spacingHorizontalS,
    padding: '1px 4px',
    border: 'none',
    background: 'none',
    cursor: 'pointer',
    color: tokens.colorNeutralForeground1,
    fontFamily: tokens.fontFamilyMonospace,
    fontSize: tokens.fontSizeBase200,
    textAlign: 'left',
    ':hover': { backgroundColor: tokens.colorNeutralBackground1Hover },
  },
  type: { color: tokens.colorNeutralForeground4 },
});

const groups: readonly (readonly [HuntingCategory, string])[] = [
  ['device', 'Devices'],
  ['alert', 'Alerts'],
  ['behavior', 'Behaviours'],
  ['identity', 'Identities'],
  ['email', 'Mail'],
  ['cloud', 'Cloud applications'],
  ['response', 'Response'],
  ['exposure', 'Exposure'],
  ['tvm', 'Vulnerabilities'],
];

export function SchemaBrowser({ onInsert }: { onInsert(name: string): void }) {
  const styles = useStyles();
  const [text, setText] = useState('');
  const wanted = text.trim().toLowerCase();
  const found = huntingTables.filter(
    ({ name, columns }) =>
      wanted === '' ||
      name.toLowerCase().includes(wanted) ||
      columns.some((column) => column.name.toLowerCase().includes(wanted)),
  );
  return (
    <section className={styles.frame} aria-label="Tables">
      <Input
        size="small"
        placeholder="Find a table or column"
        aria-label="Find a table or column"
        style={{ width: '100%' }}
        value={text}
        onChange={(_event, { value }) => setText(value)}
      />
      <div className={styles.list}>
        {groups.map(([category, title]) => {
          const tables = found.filter((table) => table.category === category);
          return tables.length === 0 ? null : (
            <div key={category}>
              <Text size={200} weight="semibold" className={styles.group}>
                {title}
              </Text>
              {tables.map(({ name, description, columns }) => (
                <details key={name} className={styles.table}>
                  <summary className={styles.summary} title={description}>
                    {name}
                  </summary>
                  <ul className={styles.columns}>
                    <li>
                      <button type="button" className={styles.name} onClick={() => onInsert(name)}>
                        insert {name}
                      </button>
                    </li>
                    {columns
                      .filter(
                        (column) =>
                          wanted === '' ||
                          name.toLowerCase().includes(wanted) ||
                          column.name.toLowerCase().includes(wanted),
                      )
                      .map((column) => (
                        <li key={column.name}>
                          <button
                            type="button"
                            className={styles.name}
                            title={column.description}
                            onClick={() => onInsert(column.name)}
                          >
                            {column.name}
                            <span className={styles.type}>{column.type}</span>
                          </button>
                        </li>
                      ))}
                  </ul>
                </details>
              ))}
            </div>
          );
        })}
      </div>
    </section>
  );
}
