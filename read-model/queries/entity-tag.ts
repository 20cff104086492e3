/**
 * `"<revision>-<revision of its deliveries>"`, strong; more parts when the same revisions are shown differently (personal data sealed or
 * erased, a breaker open).
 */
export const entityTag = (revision: number, variant: readonly string[] = [], deliveryRevision = 0): string =>
  `"${[revision, deliveryRevision, ...variant.filter((part) => part !== '').map((part) => part.replaceAll(/[^\w]/g, ''))].join('-')}"`;

/** `If-None-Match` compares weakly (RFC 9110 section 13.1.2). */
export const isNotModified = (ifNoneMatch: string | undefined, tag: string): boolean => {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === '*') return true;
  return ifNoneMatch.split(',').some((candidate) => candidate.trim().replace(/^W\//, '') === tag);
};
