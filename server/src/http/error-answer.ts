/** Whatever was thrown, as the answer the caller gets. Only ApiError speaks to the caller; all else is our own fault and says nothing. */
import { ApiError } from '@merlon/contract';

export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new ApiError('PayloadTooLarge');
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new ApiError('UnsupportedMediaType');
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return new ApiError('NotFound');
  if (code === 'FST_ERR_BAD_URL') return new ApiError('BadRequest', 'The address is not well-formed.');
  if (code === 'FST_ERR_CTP_INVALID_CONTENT_LENGTH') {
    return new ApiError('BadRequest', 'The Content-Length does not fit the body.');
  }
  const privateDetail = thrown instanceof Error ? thrown.message : String(thrown);
  return new ApiError('InternalServerError', undefined, { privateDetail, cause: thrown });
}
