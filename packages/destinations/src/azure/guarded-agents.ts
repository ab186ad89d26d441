/** Connections for the Azure SDKs, which take an agent: every name is asked for when it is resolved, and what stood in the way of a connection is kept. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { connectionFault } from '../connection-fault.ts';
import { DeliveryError, type DestinationContext } from '../destination.ts';
import { guardedLookup } from '../guarded-lookup.ts';

export interface GuardedAgents {
  of(protocol: string): HttpAgent | HttpsAgent;
  /** What last stood in the way of a connection since `forget`: the SDKs keep of an error little more than its text. */
  readonly heard: DeliveryError | undefined;
  forget(): void;
  close(): void;
}

/** @param ca certificates in PEM that are trusted instead of the public authorities */
export function guardedAgents(context: DestinationContext, ca?: string): GuardedAgents {
  let heard: DeliveryError | undefined;
  const resolve = guardedLookup(context.mayConnect);
  const lookup: LookupFunction = (hostname, options, callback) =>
    resolve(hostname, options, (error, address, family) => {
      if (error instanceof DeliveryError) heard = error;
      callback(error, address, family);
    });
  const http = new HttpAgent({ keepAlive: true, lookup });
  const https = new HttpsAgent({ keepAlive: true, lookup, ...(ca === undefined ? {} : { ca }) });
  for (const agent of [http, https]) {
    const connect = agent.createConnection.bind(agent);
    agent.createConnection = (options, callback) => {
      const socket = connect(options, callback);
      socket?.once('error', (error) => {
        heard = connectionFault(error, `${options.host}:${options.port}`);
      });
      return socket;
    };
  }
  return {
    of: (protocol) => (protocol === 'http:' ? http : https),
    get heard() {
      return heard;
    },
    forget() {
      heard = undefined;
    },
    close() {
      http.destroy();
      https.destroy();
    },
  };
}
