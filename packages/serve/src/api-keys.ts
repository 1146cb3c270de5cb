/** Whether a request has one of the server's keys. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { ApiError } from './api-error.ts';

const digest = (key: string): Buffer => createHash('sha256').update(key).digest();

/**
 * Returns a check of the header `authorization`. It takes the same time for every wrong key: digests of equal
 * length are compared, and all of them. Errors: 401.
 */
export function keyCheck(keys: readonly string[]): (authorization: string | undefined) => void {
  const digests = keys.map(digest);
  return (authorization) => {
    const [, key] = /^Bearer (.+)$/i.exec(authorization ?? '') ?? [];
    const own = digest(key ?? '');
    const matches = digests.filter((other) => timingSafeEqual(own, other));
    if (key !== undefined && matches.length > 0) return;
    const message =
      key === undefined
        ? 'this server needs a key: send the header authorization: Bearer KEY'
        : 'the key in the header authorization is none of this server';
    throw new ApiError(401, message, { code: 'invalid_api_key' });
  };
}
