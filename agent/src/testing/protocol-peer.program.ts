/**
 * A protocol peer in a process of its own, for a network namespace. Reads requests from standard input, a JSON line each, and answers each with
 * one on standard output. First argument: JSON {host, authority}.
 */
import { createInterface } from 'node:readline';
import type { TestAuthority } from './authority.ts';
import { ProtocolPeer } from './protocol-peer.ts';

export type PeerRequest =
  | { readonly do: 'package'; readonly host: string }
  | {
      readonly do: 'order';
      readonly deviceId: string;
      readonly seq: number;
      readonly kind: 'Isolate' | 'Unisolate';
      readonly isolationType?: 'Full' | 'Selective';
    }
  | { readonly do: 'receipts' }
  | { readonly do: 'connections'; readonly deviceId: string };

const { host, authority } = JSON.parse(process.argv[2] ?? '{}') as { host: string; authority: TestAuthority };
const peer = await ProtocolPeer.start(authority, host);

async function answer(request: PeerRequest): Promise<unknown> {
  switch (request.do) {
    case 'package':
      return peer.package(request.host);
    case 'order':
      return peer.order(request.deviceId, request.seq, request.kind, request.isolationType);
    case 'receipts':
      return peer.receipts;
    case 'connections':
      return { open: peer.isConnected(request.deviceId), count: peer.connections };
    default:
      throw new Error(`unknown request ${JSON.stringify(request satisfies never)}`);
  }
}

process.stdout.write(`${JSON.stringify({ port: peer.port })}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as PeerRequest))}\n`);
}
await peer.close();
