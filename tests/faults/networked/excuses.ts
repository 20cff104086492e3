import type { Answer } from '@sagahub/hub/harness/api-client.ts';

/**
 * What somebody may be told while a part of the hub is away: that it is, in a way that says to try again. Whoever has most in a hub that stands still is told to
 * send less, once others are about.
 */
export const awayAtPresent = ({ status, headers, body }: Answer): boolean =>
  headers.has('retry-after') &&
  (status === 503 ? typeof body.code === 'string' : status === 429 && body.code === 'HUB_FAIR_SHARE_EXCEEDED');

export const noExcuse = (): boolean => false;
