import { z } from 'zod';
import { text } from './formats.ts';

const MAX_ENTRIES = 50;
/** One rule for every name; `__proto__` is none. */
const KEY = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;
const KEY_RULE = 'is not a name that can be used here: start with a letter, go on with letters, digits, "_", "." or "-", at most 64 in all';

/** What a partner keeps with an object of its own: up to 50 names, each with a text of at most 500 characters. */
export const metadata = () =>
  z
    .preprocess(
      (input, context) => {
        // Before the record is read: it would skip `__proto__` without a word, and judge each of a million names.
        if (typeof input !== 'object' || input === null) return input;
        if (Object.keys(input).length > MAX_ENTRIES) return refuse(context, 'too-many', `must have at most ${MAX_ENTRIES} entries`, []);
        if (Object.hasOwn(input, '__proto__')) return refuse(context, 'invalid-key', KEY_RULE, ['__proto__']);
        return input;
      },
      z.record(z.string().regex(KEY), text(500), {
        error: (issue) => (issue.code === 'invalid_key' ? KEY_RULE : undefined),
      }),
    )
    .meta({ description: 'Names and texts of your own, kept in clear: no personal data. At most 50 entries.' });

const refuse = (context: z.core.$RefinementCtx, code: string, message: string, path: PropertyKey[]): never => {
  context.addIssue({ code: 'custom', message, path, params: { code } });
  return z.NEVER;
};
