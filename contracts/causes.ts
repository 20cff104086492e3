/** Words of a reason that a cause keeps; what follows tells single cases apart. */
const WORDS = 8;

/**
 * Groups what went wrong: the same for every occurrence of one cause, whichever object it met. An answer's status if there was one
 * (`http-503`); otherwise the reason's first words without numbers, ids and quotations (`no-answer-within-ms`).
 */
export const causeOf = ({ reason, status }: { readonly reason: string; readonly status?: number | undefined }): string => {
  if (status !== undefined) return `http-${status}`;
  const words = reason
    .replaceAll(/"[^"]*"|'[^']*'/g, ' ')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '' && !/\p{N}/u.test(word))
    .slice(0, WORDS);
  return words.join('-').toLowerCase() || 'unknown';
};
