/** What the two protocols of Event Hubs have in common. */
import type { TokenCredential } from '@azure/identity';
import type { DestinationContext } from '../destination.ts';
import type { Sequence } from './envelopes.ts';
import type { Namespace } from './settings.ts';

export interface Transport {
  /** Resolves once every message is acknowledged. */
  send(sequences: readonly Sequence[], signal: AbortSignal): Promise<void>;
  /** Connects, authenticates, and opens the hubs for sending as far as the protocol can without sending. */
  probe(hubs: readonly string[], signal: AbortSignal): Promise<void>;
  /** Lets go of every connection, whatever state it is in. */
  discard(): Promise<void>;
}

export interface TransportOptions {
  readonly namespace: Namespace;
  /** Of the settings, or an identity that gives tokens. */
  readonly identity: { readonly connectionString: string } | { readonly credential: TokenCredential };
  readonly ca: string | undefined;
  readonly context: DestinationContext;
  readonly maxMessageBytes: number;
  /** What a socket tells of itself. */
  readonly heard: (error: Error) => void;
}
