import { ApiError, DEVICE_CLOCK_WINDOW_S, DEVICE_PATHS, isDeviceId } from '@merlon/contract';
import { fold } from '../../http/paths.ts';
import type { DeviceAuthenticator } from '../../http/route.ts';
import type { Clock } from '../../telemetry/clock.ts';
import type { DeviceDirectory } from './device-directory.ts';
import { parseDeviceToken, requireSignedBody, verifyDeviceToken } from './device-token.ts';
import { SingleUse } from './single-use.ts';

/**
 * A token for the channel works once: a channel is a lasting power, and a copy taken off the wire must not open a second one. A batch
 * needs no such rule, since its id makes repeating it harmless.
 */
export function deviceAuthenticator(directory: DeviceDirectory, clock: Clock): DeviceAuthenticator {
  const channelTokens = new SingleUse(2 * DEVICE_CLOCK_WINDOW_S * 1000, clock.now().getTime());
  return {
    async authenticateDevice(request) {
      const token = parseDeviceToken(request.authorization);
      const { sub, jti } = token.claims;
      const device = isDeviceId(sub) ? await directory.find(sub) : null;
      if (!device?.key) throw new ApiError('Unauthorized', 'The device is not known.');
      const now = clock.now();
      await verifyDeviceToken(token, device.key, request, now);
      if (device.state === 'Offboarded') throw new ApiError('Forbidden', 'The device was offboarded.');
      if (
        fold(request.path) === DEVICE_PATHS.channel &&
        channelTokens.take(`${sub}:${jti}`, now.getTime()) !== 'fresh'
      ) {
        throw new ApiError('Unauthorized', 'The device token was used before.');
      }
      return {
        caller: { tenantId: device.tenantId, deviceId: device.deviceId },
        acceptBody: (body) => requireSignedBody(token.claims.bh, body),
      };
    },
  };
}
