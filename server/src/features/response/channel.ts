/** The command channel of a device: a socket on which it gets its orders and says what became of them. */
import { DEVICE_PATHS } from '@merlon/contract';
import { defineSocket, type SocketRoute } from '../../http/route.ts';
import type { SayToDevice } from '../device-content/index.ts';
import type { ChannelHub } from './channel-hub.ts';
import { Conversation, type ConversationDeps } from './conversation.ts';
import { parseFrame } from './device-frames.ts';

const MAX_FRAME_BYTES = 256 * 1024;
/** Frames of one device are taken one after another; a device that floods is cut off at this many unread ones. */
const MAX_QUEUED_FRAMES = 256;
const BAD_FRAME = 1007;
const TOO_FAST = 1008;

export type ChannelDeps = ConversationDeps & { readonly hub: ChannelHub };

export function channelSocket(deps: ChannelDeps): SocketRoute {
  return defineSocket({
    id: 'device.channel',
    path: DEVICE_PATHS.channel,
    summary: 'Command channel of a device.',
    access: { kind: 'device' },
    maxPayload: MAX_FRAME_BYTES,
    open(socket, request) {
      const { caller, ip } = request;
      deps.hub.add(caller.deviceId, socket);
      deps.devices.seen(caller.tenantId, caller.deviceId, ip, 'channel');
      const say: SayToDevice = (frame) => void deps.hub.send(caller.deviceId, frame);
      const conversation = new Conversation(deps, caller, ip, say);
      socket.on('close', () => deps.content.left(caller, say));
      let queued = 0;
      let chain: Promise<void> = Promise.resolve();
      socket.on('message', (data, isBinary) => {
        const frame = isBinary ? null : parseFrame(String(data));
        if (!frame) return socket.close(BAD_FRAME, 'a frame is not one of the protocol');
        if (++queued > MAX_QUEUED_FRAMES) return socket.close(TOO_FAST, 'too many frames at once');
        chain = chain
          .then(() => conversation.take(frame))
          .catch((error: unknown) => {
            deps.log.warn(
              { err: error, deviceId: caller.deviceId, frame: frame.type },
              'a frame could not be taken',
            );
            // The device reconnects and says it again; nothing is acknowledged that was not stored.
            socket.close(1011, 'try again');
          })
          .finally(() => {
            queued -= 1;
          });
      });
    },
  });
}
