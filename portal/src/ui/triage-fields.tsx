/** What alerts and incidents have in common where people sort them out: whose they are, how grave, and what became of them. */
import { Button, Field, Input, Select } from '@fluentui/react-components';
import {
  type AlertClassification,
  alertClassifications,
  alertDeterminationsOf,
  alertSeverities,
} from '@merlon/contract';
import { useQuery } from '@tanstack/react-query';
import { meQuery } from '../api/me.ts';
import { type Condition, equal } from '../api/odata.ts';
import { FilterMenu, wording } from './filter-menu.tsx';
import { GuardedButton } from './permission.tsx';

export function AssigneeField({
  value,
  onChange,
}: {
  readonly value: string;
  onChange(assignedTo: string): void;
}) {
  const me = useQuery(meQuery);
  return (
    <Field label="Assigned to">
      <Input
        value={value}
        placeholder="Nobody"
        maxLength={256}
        onChange={(_event, { value: text }) => onChange(text)}
        contentAfter={
          me.data && value !== me.data.name ? (
            <Button size="small" appearance="transparent" onClick={() => onChange(me.data.name)}>
              Me
            </Button>
          ) : null
        }
      />
    </Field>
  );
}

/** `unset`: the words for what nobody has said yet; a change of the classification takes the determination back. */
export function ClassificationFields<C extends string, D extends string>({
  classification,
  determination,
  unset,
  onChange,
}: {
  readonly classification: C;
  readonly determination: D;
  readonly unset: { readonly classification: C; readonly determination: D };
  onChange(change: { classification?: C; determination: D }): void;
}) {
  const determinations =
    classification === unset.classification
      ? []
      : alertDeterminationsOf[classification as unknown as AlertClassification];
  return (
    <>
      <Field label="Classification">
        <Select
          value={classification}
          onChange={(_event, { value }) =>
            onChange({ classification: value as C, determination: unset.determination })
          }
        >
          <option value={unset.classification}>Not set</option>
          {alertClassifications.map((one) => (
            <option key={one} value={one}>
              {wording(one)}
            </option>
          ))}
        </Select>
      </Field>
      {determinations.length === 0 ? null : (
        <Field label="Determination">
          <Select
            value={determination}
            onChange={(_event, { value }) => onChange({ determination: value as D })}
          >
            <option value={unset.determination}>Not set</option>
            {determinations.map((one) => (
              <option key={one} value={one}>
                {wording(one)}
              </option>
            ))}
          </Select>
        </Field>
      )}
    </>
  );
}

export function AssignToMe({ onAssign }: { onAssign(name: string): void }) {
  const me = useQuery(meQuery);
  return (
    <GuardedButton
      size="small"
      needs="AlertsInvestigation.Manage"
      hindrance={me.data ? null : 'Who you are is not known yet.'}
      onClick={() => onAssign(me.data?.name ?? '')}
    >
      Assign to me
    </GuardedButton>
  );
}

/** As the address of a list has it: `me`, `nobody`, or anyone. */
export function assignedCondition(assigned: string | undefined, me: string | undefined): Condition {
  if (assigned === 'nobody') return 'assignedTo eq null';
  return assigned === 'me' && me !== undefined ? equal('assignedTo', me) : null;
}

export function AssignedFilter({
  assigned,
  onChange,
}: {
  readonly assigned: string | undefined;
  onChange(assigned: string): void;
}) {
  return (
    <Select aria-label="Assigned to" value={assigned ?? ''} onChange={(_event, { value }) => onChange(value)}>
      <option value="">Assigned to anyone</option>
      <option value="me">Assigned to me</option>
      <option value="nobody">Assigned to nobody</option>
    </Select>
  );
}

/** The gravest first. */
export function SeverityFilter({
  chosen,
  onChange,
}: {
  readonly chosen: readonly string[];
  onChange(severity: string[]): void;
}) {
  return (
    <FilterMenu
      label="Severity"
      choices={alertSeverities.filter((one) => one !== 'UnSpecified').toReversed()}
      chosen={chosen}
      onChange={onChange}
    />
  );
}
