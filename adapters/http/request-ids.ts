import { newId } from '@sagahub/contracts/ids.ts';

const ID = /^[\w.-]{1,128}$/;
/** A caller's `X-Request-ID` or `X-Correlation-ID` if it is harmless, otherwise a new one. */
export const acceptId = (sent: string | undefined): string => (sent !== undefined && ID.test(sent) ? sent : newId());

const TRACEPARENT = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-.*)?$/;
/** A W3C `traceparent` that may be continued; higher versions are read as version 00. */
export const acceptTraceparent = (sent: string | undefined): string | undefined => {
  if (sent === undefined || sent.length > 512 || !TRACEPARENT.test(sent)) return undefined;
  if (!sent.startsWith('00')) return `00${sent.slice(2, 55)}`;
  return sent.length === 55 ? sent : undefined;
};
