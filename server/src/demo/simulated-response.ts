/**
 * What a simulated device answers to each order: it remembers what it was told, hands in what the order yields, and says in all of it that nothing was really done. Those
 * who write tools against the API see each kind of action through to its end.
 */
import { createHash } from 'node:crypto';
import {
  type DeviceDescription,
  type DeviceHealth,
  nowIso7,
  type OrderedCommand,
  type OrderKind,
  type OrderParams,
  orderKinds,
  PACKAGE_RESULT,
  type ReceiptClaims,
} from '@merlon/contract';
import { ZipFile } from 'yazl';

export interface SimulatedOrder {
  readonly kind: OrderKind;
  readonly params: unknown;
  /** Hands in a result under its name. */
  upload(name: string, bytes: Buffer): Promise<void>;
}

export type SimulatedOutcome = Pick<ReceiptClaims, 'outcome' | 'evidence' | 'error'>;

/** How a device behaves that is asked to do something. */
export interface DeviceBehaviour {
  readonly carriesOut: readonly OrderKind[];
  carryOut(order: SimulatedOrder): Promise<SimulatedOutcome>;
  /** What of it the device tells in its health. */
  health(): Pick<DeviceHealth, 'isolation' | 'executionRestricted'>;
}

export function simulatedResponse(device: DeviceDescription): DeviceBehaviour {
  let isolation: DeviceHealth['isolation'] = 'None';
  let executionRestricted = false;
  const quarantined = new Set<string>();

  const evidenceOf: {
    readonly [K in OrderKind]: (
      order: SimulatedOrder & { params: OrderParams<K> },
    ) => Promise<Record<string, unknown>>;
  } = {
    async Isolate({ params }) {
      const before = { isolation };
      isolation = params.isolationType;
      return { before, after: { isolation } };
    },
    async Unisolate() {
      const before = { isolation };
      isolation = 'None';
      return { before, after: { isolation } };
    },
    async RestrictCodeExecution() {
      const before = { restricted: executionRestricted };
      executionRestricted = true;
      return { before, after: { restricted: true } };
    },
    async UnrestrictCodeExecution() {
      const before = { restricted: executionRestricted };
      executionRestricted = false;
      return { before, after: { restricted: false } };
    },
    async RunAntiVirusScan({ params }) {
      return { scanType: params.scanType, files: 1_234, threats: 0, found: [], engines: ['simulated'] };
    },
    async StopAndQuarantineFile({ params }) {
      quarantined.add(params.file.value);
      return {
        killed: [],
        moved: [{ path: `/tmp/${params.file.value.slice(0, 8)}`, hash: params.file.value }],
      };
    },
    async RestoreQuarantinedFile({ params }) {
      if (!quarantined.delete(params.file.value)) throw new Error('no file of that hash is in quarantine');
      return { restored: [{ path: `/tmp/${params.file.value.slice(0, 8)}`, hash: params.file.value }] };
    },
    async CollectInvestigationPackage({ upload }) {
      const zip = await packageOf(device);
      await upload(PACKAGE_RESULT, zip);
      return { file: PACKAGE_RESULT, bytes: zip.byteLength, sha256: sha256(zip) };
    },
    async Offboard() {
      return {};
    },
    async LiveResponse({ params, upload }) {
      const commands = [];
      for (const command of params.commands) {
        const startTime = nowIso7(new Date());
        const result = resultOf(command, device);
        if (result !== null) await upload(String(command.index), result);
        commands.push({
          index: command.index,
          startTime,
          endTime: nowIso7(new Date()),
          commandStatus: 'Completed',
          errors: [],
        });
      }
      return { commands };
    },
  };

  return {
    carriesOut: orderKinds,
    health: () => ({ isolation, executionRestricted }),
    async carryOut(order) {
      try {
        // The server signed it: its params are those of its kind.
        const evidence = await (evidenceOf[order.kind] as (order: SimulatedOrder) => Promise<object>)(order);
        return { outcome: 'Succeeded', evidence: { simulated: true, ...evidence } };
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        return { outcome: 'Failed', evidence: { simulated: true }, error: message };
      }
    },
  };
}

function resultOf(command: OrderedCommand, { computerName }: DeviceDescription): Buffer | null {
  switch (command.type) {
    case 'PutFile':
      return null;
    case 'GetFile':
      return Buffer.from(`${command.path} of the simulated device ${computerName}\n`);
    case 'RunScript': {
      const { fileName: script_name, args } = command;
      const script_output = `${script_name} ${args} was not really run on ${computerName}: it is simulated.\n`;
      return Buffer.from(JSON.stringify({ script_name, exit_code: 0, script_output, script_errors: '' }));
    }
    default:
      throw new Error(`unknown command ${JSON.stringify(command satisfies never)}`);
  }
}

async function packageOf({ computerName, osPlatform }: DeviceDescription): Promise<Buffer> {
  const zip = new ZipFile();
  const at = new Date();
  const text = `Device\t${computerName}\nSystem\t${osPlatform}\nThis package is simulated: nothing was collected.\n`;
  zip.addBuffer(Buffer.from(text), 'CollectionSummaryReport.txt', { mtime: at });
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
