/** Takes connections on the port given as argument, both families, answers each with a line and writes `bytes N` for what it is sent. */
import { createServer } from 'node:net';

let bytes = 0;
const server = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', (part) => {
    bytes += part.byteLength;
    process.stdout.write(`bytes ${bytes}\n`);
  });
  socket.write('hello\n');
});
server.listen({ host: '::', port: Number(process.argv[2]) }, () => process.stdout.write('listening\n'));
