import { useParams } from '@tanstack/react-router';
import { kqlText } from '../hunting/kql-text.ts';
import { TextLink } from '../ui/text-link.tsx';
import { EntityFrame } from './entity-frame.tsx';
import { IndicatorControl } from './indicator-control.tsx';
import { PrevalenceFacts } from './prevalence.tsx';

export function AddressPage() {
  const { address } = useParams({ from: '/ips/$address' });
  return (
    <EntityFrame
      kind="ips"
      id={address}
      title={address}
      about={<HuntLink condition={`RemoteIP == ${kqlText(address)}`} />}
    >
      <PrevalenceFacts kind="ips" id={address} />
      <IndicatorControl type="IpAddress" value={address} />
    </EntityFrame>
  );
}

export function DomainPage() {
  const { host } = useParams({ from: '/domains/$host' });
  return (
    <EntityFrame
      kind="domains"
      id={host}
      title={host}
      about={<HuntLink condition={`RemoteUrl has ${kqlText(host)}`} />}
    >
      <PrevalenceFacts kind="domains" id={host} />
      <IndicatorControl type="DomainName" value={host} />
    </EntityFrame>
  );
}

function HuntLink({ condition }: { readonly condition: string }) {
  const query = [
    'DeviceNetworkEvents',
    `| where Timestamp > ago(30d) and ${condition}`,
    '| project Timestamp, DeviceName, ActionType, RemoteIP, RemotePort, RemoteUrl, InitiatingProcessFileName, InitiatingProcessCommandLine',
    '| sort by Timestamp desc',
    '| take 200',
  ].join('\n');
  return (
    <TextLink to="/hunting" search={{ query, run: true }}>
      Hunt for its connections
    </TextLink>
  );
}
