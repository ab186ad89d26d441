/** The names of DeliveryFault, for a schema. */
import type { DeliveryFault } from '@merlon/destinations';

export const deliveryFaults = [
  'unreachable',
  'credentials',
  'forbidden',
  'missing',
  'throttled',
  'refused',
  'settings',
] as const satisfies readonly DeliveryFault[];
