/** What the services of provisioning give to their routes. */
import { ApiError } from '@merlon/contract';
import type { Document } from './match.ts';
import { namesVersion } from './version.ts';

export interface Place {
  readonly tenantId: string;
  /** Address of the tenant's SCIM, without a trailing slash. */
  readonly base: string;
}

export interface Found {
  readonly id: string;
  readonly version: string;
  readonly location: string;
  readonly resource: Document;
}

/** @throws PreconditionFailed */
export function requireVersion(ifMatch: string | undefined, version: string): void {
  if (ifMatch !== undefined && !namesVersion(ifMatch, version)) throw new ApiError('PreconditionFailed');
}
