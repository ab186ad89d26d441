/** Errors as SCIM words them (RFC 7644 §3.12). */
import { ApiError, type ApiErrorCode } from './errors.ts';

export type ScimErrorType =
  | 'invalidFilter'
  | 'uniqueness'
  | 'mutability'
  | 'invalidSyntax'
  | 'invalidPath'
  | 'noTarget'
  | 'invalidValue';

/** A request that SCIM has its own word for. Status 400. */
export class ScimError extends ApiError {
  readonly scimType: ScimErrorType;
  constructor(scimType: ScimErrorType, publicMessage: string) {
    super('InvalidInput', publicMessage);
    this.scimType = scimType;
  }
}

export const SCIM_CONTENT_TYPE = 'application/scim+json; charset=utf-8';

export interface ScimErrorBody {
  readonly schemas: readonly ['urn:ietf:params:scim:api:messages:2.0:Error'];
  readonly scimType?: ScimErrorType;
  readonly detail: string;
  /** The status of the answer, as text. */
  readonly status: string;
}

const TYPES: Partial<Record<ApiErrorCode, ScimErrorType>> = {
  InvalidRequestBody: 'invalidSyntax',
  InvalidInput: 'invalidValue',
  Conflict: 'uniqueness',
};

export function scimErrorBody(error: ApiError): ScimErrorBody {
  const scimType = error instanceof ScimError ? error.scimType : TYPES[error.code];
  return {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    ...(scimType === undefined ? {} : { scimType }),
    detail: error.publicMessage,
    status: String(error.status),
  };
}
