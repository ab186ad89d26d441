/** `merlon-agent isolation restore`: at boot, before the network: a wanted isolation is in force before the first packet. */
import { createLog } from '../agent-log.ts';
import { Isolation } from '../responder/isolation.ts';
import { nftCommand } from '../responder/nft.ts';
import type { Settings } from '../settings.ts';
import type { Output } from './output.ts';

export async function restoreIsolation(settings: Settings, output: Output): Promise<void> {
  const log = createLog({ level: settings.logLevel });
  const isolation = await Isolation.open({ home: settings.home, nft: nftCommand(), log });
  const restored = await isolation.restore();
  output.line(restored ? `isolation ${isolation.kind} is in force` : 'this device is not isolated');
}
