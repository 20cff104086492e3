/**
 * Does an AMQP topic pattern match a routing key? `*` stands for one word, `#` for any number of words, also none. A consumer that is behind
 * is served from the log, without the broker's own matching.
 */
export const topicMatches = (pattern: string, key: string): boolean => wordsMatch(pattern.split('.'), key.split('.'));

const wordsMatch = (pattern: readonly string[], words: readonly string[]): boolean => {
  const [first, ...rest] = pattern;
  if (first === undefined) return words.length === 0;
  if (first === '#') return wordsMatch(rest, words) || (words.length > 0 && wordsMatch(pattern, words.slice(1)));
  return words.length > 0 && (first === '*' || first === words[0]) && wordsMatch(rest, words.slice(1));
};
