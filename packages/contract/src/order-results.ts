/** What orders hand in, by name and size: a device offers nothing else, and a server takes nothing else. */
import type { OrderedCommand, OrderKind, OrderParams } from './orders.ts';

/** What the investigation package is handed in as. */
export const PACKAGE_RESULT = 'package.zip';

/** Bytes kept of each of a script's two streams; what comes after is counted, not kept. */
export const SCRIPT_STREAM_BYTES = 4 * 1024 * 1024;
/** A byte may take six in JSON (`\u0000`). */
const SCRIPT_RESULT_BYTES = 2 * 6 * SCRIPT_STREAM_BYTES + 64 * 1024;

export interface OrderResult {
  /** Last part of its address at `DEVICE_PATHS.orderResult`. */
  readonly name: string;
  readonly maxBytes: number;
}

export const ORDER_RESULT_NAME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$';

/** Everything that an order may hand in; nothing for most kinds. */
export function resultsOf(kind: OrderKind, params: Record<string, unknown>): readonly OrderResult[] {
  switch (kind) {
    case 'CollectInvestigationPackage': {
      const { maxBytes } = params as OrderParams<'CollectInvestigationPackage'>;
      return [{ name: PACKAGE_RESULT, maxBytes }];
    }
    case 'LiveResponse':
      return (params as OrderParams<'LiveResponse'>).commands.flatMap(commandResult);
    case 'Isolate':
    case 'Unisolate':
    case 'RestrictCodeExecution':
    case 'UnrestrictCodeExecution':
    case 'RunAntiVirusScan':
    case 'StopAndQuarantineFile':
    case 'RestoreQuarantinedFile':
    case 'Offboard':
      return [];
    default:
      throw new Error(`unknown kind of order ${kind satisfies never as string}`);
  }
}

function commandResult(command: OrderedCommand): OrderResult[] {
  const name = String(command.index);
  switch (command.type) {
    case 'PutFile':
      return [];
    case 'RunScript':
      return [{ name, maxBytes: SCRIPT_RESULT_BYTES }];
    case 'GetFile':
      return [{ name, maxBytes: command.maxBytes }];
    default:
      throw new Error(`unknown command ${JSON.stringify(command satisfies never)}`);
  }
}
