/** Orders for the devices that the rows of a result are about. */
import { useState } from 'react';
import { OrderDialog } from '../devices/order-dialog.tsx';
import type { OrderType } from '../devices/order-kinds.ts';
import { OrderMenu } from '../devices/order-menu.tsx';
import type { ResultRow } from './sort-rows.ts';

/** Of one order. */
const MOST_DEVICES = 500;
const kinds = [
  'Isolate',
  'RunAntiVirusScan',
  'CollectInvestigationPackage',
  'StopAndQuarantineFile',
] as const;

export function devicesOfRows(rows: readonly ResultRow[]): { id: string; computerDnsName: string | null }[] {
  const found = new Map<string, { id: string; computerDnsName: string | null }>();
  for (const { DeviceId, DeviceName } of rows) {
    if (typeof DeviceId !== 'string' || !/^[0-9a-f]{40}$/.test(DeviceId)) continue;
    found.set(DeviceId, {
      id: DeviceId,
      computerDnsName: typeof DeviceName === 'string' && DeviceName !== '' ? DeviceName : null,
    });
  }
  return [...found.values()];
}

export function RowActions({ rows }: { readonly rows: readonly ResultRow[] }) {
  const [type, setType] = useState<OrderType | null>(null);
  const devices = devicesOfRows(rows);
  if (devices.length === 0) return null;
  const hashes = [...new Set(rows.map(({ SHA1 }) => SHA1).filter((hash) => typeof hash === 'string'))];
  return (
    <>
      <OrderMenu
        kinds={kinds}
        hindrance={
          devices.length > MOST_DEVICES ? `The rows are about more than ${MOST_DEVICES} devices.` : null
        }
        onChoose={setType}
      >
        Act on {devices.length} {devices.length === 1 ? 'device' : 'devices'}
      </OrderMenu>
      {type === null ? null : (
        <OrderDialog
          type={type}
          machines={devices}
          {...(hashes.length === 1 && hashes[0] ? { sha1: hashes[0] } : {})}
          onClose={() => setType(null)}
        />
      )}
    </>
  );
}
