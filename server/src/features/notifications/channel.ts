/** What every way to tell people is to the rest: settings that can be checked, and something that sends one message. */
import type { DestinationContext } from '@merlon/destinations';
import type { TObject } from 'typebox';
import type { AlertMessage } from './alert-message.ts';

export interface Channel<S extends object = object> {
  /** As the API has it. */
  readonly name: string;
  /** Closed object; every member with a description. */
  readonly settings: TObject;
  /** Members that are kept encrypted and never shown again. */
  readonly secrets: readonly string[];
  /** @throws DeliveryError `settings`, naming the member */
  check(settings: S): void;
  /**
   * Resolves once the other side has taken the message; with those it did not take it for, where it is for several.
   * @throws DeliveryError
   */
  send(
    settings: S,
    message: AlertMessage,
    context: DestinationContext,
    signal: AbortSignal,
  ): Promise<readonly string[]>;
}
