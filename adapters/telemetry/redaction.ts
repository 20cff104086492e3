/**
 * The last defence: nobody logs a secret on purpose, but an error message or a field may carry one.
 * Personal data has no pattern to find it by; it is kept out by never being passed to the logger.
 */
const SECRET_KEY = /authorization|secret|passw|token|cookie|credential|api[-_]?key|private[-_]?key|master[-_]?key|signing[-_]?key/i;
export const REDACTED = '[redacted]';

export const isSecretKey = (key: string): boolean => SECRET_KEY.test(key);

/** Bearer and Basic credentials, JWTs, user info in URLs, `secret=…` in queries and messages. */
export const scrub = (text: string): string =>
  text
    .replaceAll(/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${REDACTED}`)
    .replaceAll(/\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g, REDACTED)
    .replaceAll(/:\/\/[^\s/@:]*:[^\s/@]+@/g, `://${REDACTED}@`)
    .replaceAll(/((?:secret|password|token|api[-_]?key)["']?\s*[=:]\s*["']?)[^\s"'&,;}]+/gi, `$1${REDACTED}`);
