/** Carries out RunAntiVirusScan: each file of the scan through YARA, and through ClamAV where it runs. What is found becomes rows and the receipt's evidence. */

import { readlink } from 'node:fs/promises';
import { basename } from 'node:path';
import { nowIso7 } from '@merlon/contract';
import { ExecutionError, type ExecutionOrder } from '../channel/order-desk.ts';
import type { FileHashes } from '../sensor/file-hasher.ts';
import { additionalFields } from '../sensor/rows.ts';
import type { SensorRow } from '../sensor/sensor.ts';
import { Clamd } from './clamd.ts';
import {
  customTargets,
  fullTargets,
  quickTargets,
  type ScanTarget,
  type TargetOptions,
} from './scan-targets.ts';
import { YaraEngine, type YaraSource } from './yara-engine.ts';

export interface AntivirusScanOptions {
  readonly home: string;
  readonly now: () => Date;
  readonly emit: (row: SensorRow) => void;
  /** The tenant's rules in force. */
  readonly rules: () => readonly YaraSource[];
  /** Default: where the distributions put it. */
  readonly clamdSockets?: readonly string[];
}

interface Threat {
  readonly path: string;
  readonly name: string;
  readonly engine: 'yara' | 'clamd';
  readonly sha256: string | null;
}

/** More are counted, not listed. */
const MAX_LISTED = 200;
const PROGRESS_EVERY_MS = 2_000;
const MAX_REFUSAL_CHARS = 300;

export async function runAntivirusScan(
  order: ExecutionOrder<'RunAntiVirusScan'>,
  options: AntivirusScanOptions,
): Promise<Record<string, unknown>> {
  const { params, signal, orderId } = order;
  const found: Threat[] = [];
  const counts = { files: 0, bytes: 0, threats: 0 };
  const skipped: Record<string, number> = {};
  const skip = (reason: string) => {
    skipped[reason] = (skipped[reason] ?? 0) + 1;
  };
  const clamd = await Clamd.find(options.clamdSockets);
  const yara = await YaraEngine.start(options.rules());
  const abort = () => void yara.stop();
  signal.addEventListener('abort', abort, { once: true });
  const evidence = () => ({
    scanType: params.scanType,
    ...counts,
    skipped,
    found: found.slice(0, MAX_LISTED),
    engines: ['yara', ...(clamd ? [clamd.version] : [])],
    rulesRefused: yara.refused.map(({ id, reason }) => ({ id, reason: reason.slice(0, MAX_REFUSAL_CHARS) })),
  });
  let saidAt = 0;
  try {
    for await (const target of targetsOf(order, { except: [options.home], signal, skipped: skip })) {
      signal.throwIfAborted();
      await scanOne(target);
      if (performance.now() - saidAt > PROGRESS_EVERY_MS) {
        saidAt = performance.now();
        order.progress({ ...counts });
      }
    }
    options.emit(scanRow('AntivirusScanCompleted'));
    return evidence();
  } catch (error) {
    if (signal.aborted) {
      if (signal.reason === 'cancelled') options.emit(scanRow('AntivirusScanCancelled'));
    } else {
      options.emit(scanRow('AntivirusScanFailed'));
    }
    throw new ExecutionError(error instanceof Error ? error.message : String(error), evidence(), error);
  } finally {
    signal.removeEventListener('abort', abort);
    await yara.stop();
  }

  async function scanOne(target: ScanTarget): Promise<void> {
    const answer = await yara.scan(target);
    if ('skipped' in answer) return skip(answer.skipped);
    counts.files += 1;
    counts.bytes += answer.bytes;
    for (const { source, rule } of answer.matches) {
      await report(target, { name: `YARA:${source}.${rule}`, engine: 'yara' }, answer.hashes);
    }
    if (!clamd || answer.bytes === 0) return;
    const word = await clamd.scan(target.path, signal);
    if (word.kind === 'found') await report(target, { name: word.name, engine: 'clamd' }, answer.hashes);
    if (word.kind === 'skipped') skip(`clamd: ${word.reason}`);
  }

  async function report(
    target: ScanTarget,
    threat: Pick<Threat, 'name' | 'engine'>,
    hashes: FileHashes | null,
  ): Promise<void> {
    const path = target.link ? await readlink(target.path).catch(() => target.path) : target.path;
    counts.threats += 1;
    if (found.length < MAX_LISTED) found.push({ path, ...threat, sha256: hashes?.sha256 ?? null });
    const fields = additionalFields({
      ThreatName: threat.name,
      Action: 'None',
      WasRemediated: false,
      WasExecutingWhileDetected: target.link,
      ReportSource: 'Merlon scan',
      ScanId: orderId,
    });
    options.emit({
      Table: 'DeviceEvents',
      Timestamp: nowIso7(options.now()),
      ActionType: 'AntivirusDetection',
      FileName: basename(path),
      FolderPath: path,
      ...(hashes ? { SHA1: hashes.sha1, SHA256: hashes.sha256, MD5: hashes.md5 } : {}),
      AdditionalFields: fields,
    });
  }

  function scanRow(actionType: string): SensorRow {
    return {
      Table: 'DeviceEvents',
      Timestamp: nowIso7(options.now()),
      ActionType: actionType,
      AdditionalFields: additionalFields({ ScanId: orderId, ScanTypeIndex: params.scanType, User: 'SYSTEM' }),
    };
  }
}

function targetsOf(
  { params }: ExecutionOrder<'RunAntiVirusScan'>,
  options: TargetOptions,
): AsyncGenerator<ScanTarget> {
  switch (params.scanType) {
    case 'Quick':
      return quickTargets(options);
    case 'Full':
      return fullTargets(options);
    case 'Custom':
      return customTargets(params.paths ?? [], options);
    default:
      throw new Error(`unknown scan ${params.scanType satisfies never as string}`);
  }
}
