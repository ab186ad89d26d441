import { type DestinationKind, destinationKinds } from '@merlon/destinations';

/** @throws Error when there is none of that name */
export function destinationKind(name: string): DestinationKind {
  const kind = destinationKinds.find((one) => one.name === name);
  if (kind === undefined) throw new Error(`there is no kind ${name}`);
  return kind;
}
