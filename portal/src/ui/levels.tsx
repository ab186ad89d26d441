/** Severity, risk, health and status, each by colour and word: colour alone says nothing to many people. */
import { Badge, makeStyles, mergeClasses, tokens } from '@fluentui/react-components';
import type {
  AlertSeverity,
  AlertStatus,
  HealthStatus,
  IncidentStatus,
  MachineActionStatus,
  RiskScore,
} from '@merlon/contract';
import { wording } from './filter-menu.tsx';

const useStyles = makeStyles({
  level: { display: 'inline-flex', alignItems: 'center', gap: '6px', whiteSpace: 'nowrap' },
  dot: {
    width: '10px',
    height: '10px',
    borderRadius: '2px',
    flexShrink: 0,
    backgroundColor: tokens.colorNeutralStroke1,
  },
  High: { backgroundColor: tokens.colorPaletteRedBackground3 },
  Medium: { backgroundColor: tokens.colorPaletteMarigoldBackground3 },
  Low: { backgroundColor: tokens.colorPaletteYellowBackground3 },
  Informational: { backgroundColor: tokens.colorNeutralForeground4 },
});

export function Level({ level }: { readonly level: AlertSeverity | RiskScore | null }) {
  const styles = useStyles();
  if (level === null) return <>–</>;
  const colour = level === 'None' || level === 'UnSpecified' ? undefined : styles[level];
  return (
    <span className={styles.level}>
      <span className={mergeClasses(styles.dot, colour)} aria-hidden />
      {level === 'UnSpecified' ? 'Unspecified' : level}
    </span>
  );
}

export function Health({ status }: { readonly status: HealthStatus }) {
  const colour =
    status === 'Active' ? 'success' : status === 'Inactive' || status === 'Unknown' ? 'subtle' : 'warning';
  return (
    <Badge appearance="tint" color={colour}>
      {wording(status)}
    </Badge>
  );
}

const actionColours = {
  Pending: 'informative',
  InProgress: 'brand',
  Succeeded: 'success',
  Failed: 'danger',
  TimeOut: 'warning',
  Cancelled: 'subtle',
} as const satisfies Record<MachineActionStatus, string>;

export function ActionStatus({ status }: { readonly status: MachineActionStatus }) {
  return (
    <Badge appearance="tint" color={actionColours[status]}>
      {status === 'TimeOut' ? 'Timed out' : wording(status)}
    </Badge>
  );
}

const alertColours = {
  Unknown: 'subtle',
  New: 'danger',
  InProgress: 'brand',
  Resolved: 'success',
} as const satisfies Record<AlertStatus, string>;

export function AlertStatusBadge({ status }: { readonly status: AlertStatus }) {
  return (
    <Badge appearance="tint" color={alertColours[status]}>
      {wording(status)}
    </Badge>
  );
}

const incidentColours = {
  Active: 'danger',
  InProgress: 'brand',
  Resolved: 'success',
  Redirected: 'subtle',
} as const satisfies Record<IncidentStatus, string>;

export function IncidentStatusBadge({ status }: { readonly status: IncidentStatus }) {
  return (
    <Badge appearance="tint" color={incidentColours[status]}>
      {wording(status)}
    </Badge>
  );
}
