import { ApiError } from '@merlon/contract';
import { isUniqueViolation } from '@merlon/state-store';

/** For the `catch` of a statement that writes a name no two may have. */
export function nameTaken(what: string, name: string): (error: unknown) => never {
  return (error) => {
    if (isUniqueViolation(error))
      throw new ApiError('Conflict', `There is a ${what} named "${name}" already.`);
    throw error;
  };
}
