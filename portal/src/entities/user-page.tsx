import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { userQuery } from '../api/entities.ts';
import { kqlText } from '../hunting/kql-text.ts';
import { Facts } from '../ui/facts.tsx';
import { Loaded } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { Time } from '../ui/time.tsx';
import { EntityFrame } from './entity-frame.tsx';

export function UserPage() {
  const { user } = useParams({ from: '/users/$user' });
  const known = useQuery(userQuery(user));
  const name = user.slice(user.lastIndexOf('\\') + 1);
  const query = [
    'DeviceLogonEvents',
    `| where Timestamp > ago(30d) and AccountName =~ ${kqlText(name)}`,
    '| project Timestamp, DeviceName, ActionType, LogonType, AccountDomain, AccountName, RemoteIP, FailureReason',
    '| sort by Timestamp desc',
    '| take 200',
  ].join('\n');
  return (
    <EntityFrame
      kind="users"
      id={user}
      title={user}
      about={
        <TextLink to="/hunting" search={{ query, run: true }}>
          Hunt for sign-ins
        </TextLink>
      }
    >
      <Loaded query={known} label="Loading the account…">
        {(account) => (
          <Facts
            facts={
              account === null
                ? [['Account', `${user}: no device has told of a sign-in`]]
                : [
                    ['Account', account.accountName],
                    ['Domain', account.accountDomain],
                    ['SID', account.accountSid],
                    ['Devices', String(account.logOnMachinesCount ?? 0)],
                    ['Kinds of sign-in', account.logonTypes],
                    ['First seen', <Time key="first" value={account.firstSeen} />],
                    ['Last seen', <Time key="last" value={account.lastSeen} />],
                    [
                      'Most used device',
                      account.mostPrevalentMachineId === null ? null : (
                        <TextLink
                          key="most"
                          to="/devices/$deviceId"
                          params={{ deviceId: account.mostPrevalentMachineId }}
                        >
                          {account.mostPrevalentMachineId.slice(0, 12)}…
                        </TextLink>
                      ),
                    ],
                  ]
            }
          />
        )}
      </Loaded>
    </EntityFrame>
  );
}
