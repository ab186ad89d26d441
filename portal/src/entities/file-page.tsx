import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { entityMachinesQuery, fileQuery, prevalenceQuery } from '../api/entities.ts';
import { OrderDialog } from '../devices/order-dialog.tsx';
import { orderKinds } from '../devices/order-kinds.ts';
import { kqlText } from '../hunting/kql-text.ts';
import { Facts } from '../ui/facts.tsx';
import { GuardedButton } from '../ui/permission.tsx';
import { Loaded } from '../ui/states.tsx';
import { TextLink } from '../ui/text-link.tsx';
import { EntityFrame } from './entity-frame.tsx';
import { IndicatorControl } from './indicator-control.tsx';
import { PrevalenceFacts } from './prevalence.tsx';

/** Of one order. */
const MOST_DEVICES = 500;

const typeOf = { 32: 'FileMd5', 40: 'FileSha1', 64: 'FileSha256' } as const;

export function FilePage() {
  const { hash } = useParams({ from: '/files/$hash' });
  const file = useQuery(fileQuery(hash));
  const { data: prevalence } = useQuery(prevalenceQuery('files', hash));
  const column = { 32: 'MD5', 40: 'SHA1', 64: 'SHA256' }[hash.length] ?? 'SHA1';
  return (
    <EntityFrame
      kind="files"
      id={hash}
      title={prevalence?.names[0] ?? `File ${hash.slice(0, 12)}…`}
      about={
        <TextLink
          to="/hunting"
          search={{
            query: `find in (DeviceProcessEvents, DeviceFileEvents, DeviceImageLoadEvents)\nwhere Timestamp > ago(30d) and ${column} == ${kqlText(hash)}\n| take 200`,
            run: true,
          }}
        >
          Hunt for it
        </TextLink>
      }
      actions={<StopAndQuarantine hash={hash} sha1={file.data?.sha1 ?? null} />}
    >
      <PrevalenceFacts kind="files" id={hash} />
      <Loaded query={file} label="Loading the file…">
        {(known) => (
          <Facts
            facts={
              known === null
                ? [['Hash', hash]]
                : [
                    ['SHA-1', known.sha1],
                    ['SHA-256', known.sha256],
                    ['MD5', known.md5],
                    ['Size', known.size === null ? null : `${known.size.toLocaleString('en')} bytes`],
                    ['Publisher', known.filePublisher],
                    ['Product', known.fileProductName],
                    ['Signer', known.signer],
                    ['Issuer', known.issuer],
                    ['Threat', known.determinationValue],
                  ]
            }
          />
        )}
      </Loaded>
      <IndicatorControl type={typeOf[hash.length as keyof typeof typeOf] ?? 'FileSha1'} value={hash} />
    </EntityFrame>
  );
}

/** On every device that has seen it. */
function StopAndQuarantine({ hash, sha1 }: { readonly hash: string; readonly sha1: string | null }) {
  const [asking, setAsking] = useState(false);
  const machines = useQuery(entityMachinesQuery('files', hash));
  const devices = machines.data ?? [];
  return (
    <>
      <GuardedButton
        needs={orderKinds.StopAndQuarantineFile.needs}
        hindrance={
          sha1 === null
            ? 'Its SHA-1 is not known.'
            : devices.length === 0
              ? 'No device has seen it.'
              : devices.length > MOST_DEVICES
                ? `It is on more than ${MOST_DEVICES} devices: block it with an indicator instead.`
                : null
        }
        onClick={() => setAsking(true)}
      >
        Stop and quarantine
      </GuardedButton>
      {asking && sha1 !== null ? (
        <OrderDialog
          type="StopAndQuarantineFile"
          machines={devices}
          sha1={sha1}
          onClose={() => setAsking(false)}
        />
      ) : null}
    </>
  );
}
