import { makeStyles, Text, tokens } from '@fluentui/react-components';
import type { Alert, AlertEvidence } from '@merlon/contract';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { alertQuery } from '../api/alerts.ts';
import { Facts } from '../ui/facts.tsx';
import { AlertStatusBadge, Level } from '../ui/levels.tsx';
import { Page } from '../ui/page.tsx';
import { Loaded } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Time } from '../ui/time.tsx';
import { categoryText } from './category-text.ts';
import { History } from './history.tsx';
import { EvidencePane, Story } from './story.tsx';
import { Triage } from './triage.tsx';

const NARROW = '@media (max-width: 1080px)';

const useStyles = makeStyles({
  body: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) 300px',
    gap: tokens.spacingHorizontalXXL,
    alignItems: 'start',
    [NARROW]: { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  main: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXL },
  side: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalXXL },
  about: { display: 'inline-flex', gap: tokens.spacingHorizontalM, alignItems: 'center', flexWrap: 'wrap' },
  text: { maxWidth: '80ch', whiteSpace: 'pre-line' },
});

/** The timeline opens a little after the last event, so that what followed at once is in sight. */
const AFTER_MS = 60_000;

export function AlertPage() {
  const { alertId } = useParams({ from: '/alerts/$alertId' });
  const alert = useQuery(alertQuery(alertId));
  return alert.data ? (
    <OneAlert key={alert.data.id} alert={alert.data} />
  ) : (
    <Page title="Alert">
      <Loaded query={alert} label="Loading the alert…">
        {() => null}
      </Loaded>
    </Page>
  );
}

function OneAlert({ alert }: { readonly alert: Alert }) {
  const styles = useStyles();
  const [chosen, setChosen] = useState<AlertEvidence | null>(null);
  return (
    <Page
      title={alert.title}
      about={
        <span className={styles.about}>
          <Level level={alert.severity} />
          <AlertStatusBadge status={alert.status} />
          <span>{categoryText(alert.category)}</span>
          {alert.machineId === null ? null : (
            <TextLink to="/devices/$deviceId" params={{ deviceId: alert.machineId }}>
              {alert.computerDnsName ?? alert.machineId}
            </TextLink>
          )}
          {alert.relatedUser ? (
            <RelatedUser
              name={[alert.relatedUser.domainName, alert.relatedUser.userName].filter(Boolean).join('\\')}
            />
          ) : null}
        </span>
      }
    >
      <div className={styles.body}>
        <div className={styles.main}>
          <Text className={styles.text}>{flowing(alert.description)}</Text>
          <Story evidence={alert.evidence} chosen={chosen} onChoose={setChosen} />
        </div>
        <div className={styles.side}>
          {chosen ? <EvidencePane evidence={chosen} onClose={() => setChosen(null)} /> : null}
          <Triage alert={alert} />
          <Details alert={alert} />
          <History alertId={alert.id} />
        </div>
      </div>
    </Page>
  );
}

function RelatedUser({ name }: { readonly name: string }) {
  return (
    <TextLink to="/users/$user" params={{ user: name }}>
      {name}
    </TextLink>
  );
}

function Details({ alert }: { readonly alert: Alert }) {
  return (
    <Facts
      facts={[
        [
          'Incident',
          alert.incidentId === null ? null : (
            <TextLink
              key="incident"
              to="/incidents/$incidentId"
              params={{ incidentId: String(alert.incidentId) }}
            >
              Incident {alert.incidentId}
            </TextLink>
          ),
        ],
        ['First activity', <Time key="first" value={alert.firstEventTime} />],
        ['Last activity', <Time key="last" value={alert.lastEventTime} />],
        ['Raised', <Time key="raised" value={alert.alertCreationTime} />],
        ['Resolved', alert.resolvedTime === null ? null : <Time key="resolved" value={alert.resolvedTime} />],
        [
          'ATT&CK techniques',
          alert.mitreTechniques.length === 0 ? null : (
            <Techniques key="techniques" techniques={alert.mitreTechniques} />
          ),
        ],
        ['Recommended', alert.recommendedAction && flowing(alert.recommendedAction)],
        ['Timeline', alert.machineId === null ? null : <TimelineLink key="timeline" alert={alert} />],
        ['Detection source', alert.detectionSource],
        ['Rule', alert.detectorId],
        ['Alert id', alert.id],
      ]}
    />
  );
}

function TimelineLink({ alert: { machineId, lastEventTime } }: { readonly alert: Alert }) {
  if (machineId === null) return null;
  const until = lastEventTime === null ? null : new Date(Date.parse(lastEventTime) + AFTER_MS).toISOString();
  return (
    <TextLink
      to="/devices/$deviceId"
      params={{ deviceId: machineId }}
      search={{ tab: 'timeline', ...(until === null ? {} : { until }) }}
    >
      What the device did around then
    </TextLink>
  );
}

function Techniques({ techniques }: { readonly techniques: readonly string[] }) {
  return (
    <span style={{ display: 'flex', gap: '4px 10px', flexWrap: 'wrap' }}>
      {techniques.map((technique) => (
        <a
          key={technique}
          href={`https://attack.mitre.org/techniques/${encodeURIComponent(technique).replace('.', '/')}/`}
          target="_blank"
          rel="noreferrer"
          style={{ color: tokens.colorBrandForegroundLink }}
        >
          {technique}
        </a>
      ))}
    </span>
  );
}

/** Rule files break their lines where the file is wide enough; only an empty line is meant as a break. */
function flowing(text: string): string {
  return text.trim().replaceAll(/(?<!\n)\n(?!\n)/g, ' ');
}
