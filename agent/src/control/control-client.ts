import { connect } from 'node:net';
import { AgentError, codeOf, EXIT, messageOf } from '../agent-error.ts';
import { check } from '../files/check.ts';
import { ControlReply, type ControlRequest, MAX_REPLY_BYTES } from './control-protocol.ts';

const PATIENCE_MS = 30_000;

/** The daemon's answer. @throws AgentError, with exit code 3 when no daemon listens. */
export function askDaemon(path: string, request: ControlRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let text = '';
    const fail = (message: string, cause?: unknown, exitCode: 1 | 3 = EXIT.failed) => {
      socket.destroy();
      reject(new AgentError(message, { exitCode, cause }));
    };
    socket.setEncoding('utf8');
    socket.setTimeout(PATIENCE_MS, () =>
      fail(`the agent does not answer at ${path}`, undefined, EXIT.notRunning),
    );
    socket.on('connect', () => socket.end(`${JSON.stringify(request)}\n`));
    socket.on('data', (part: string) => {
      text += part;
      if (text.length > MAX_REPLY_BYTES) fail('the answer of the agent is too long');
    });
    socket.on('error', (error) => {
      const code = codeOf(error);
      if (code === 'EACCES' || code === 'EPERM') fail(`only root may speak to the agent at ${path}`, error);
      else if (code === 'ENOENT' || code === 'ECONNREFUSED')
        fail('merlon-agent is not running', error, EXIT.notRunning);
      else fail(`the agent at ${path} cannot be asked: ${messageOf(error)}`, error, EXIT.notRunning);
    });
    socket.on('end', () => {
      try {
        const reply = check(ControlReply, JSON.parse(text), "the agent's answer");
        if (reply.ok) resolve(reply.result);
        else fail(reply.error);
      } catch (error) {
        fail(`the agent's answer cannot be read: ${messageOf(error)}`, error, EXIT.notRunning);
      }
      socket.destroy();
    });
  });
}
