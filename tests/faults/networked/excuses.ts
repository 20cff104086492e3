import type { Answer } from '@sagahub/hub/harness/api-client.ts';

/** What somebody may be told while a part of the hub is away: that it is, in a way that says to try again. */
export const awayAtPresent = ({ status, headers, body }: Answer): boolean =>
  status === 503 && headers.has('retry-after') && typeof body.code === 'string';

export const noExcuse = (): boolean => false;
