import { type Fault, ValidationError } from '../errors.ts';
import { MAX_FAULTS, pointerOf } from './faults.ts';

const SHORTEST = 13;
const LONGEST = 19;

/** Digits in groups, with nothing between the groups but spaces, hyphens and marks nobody sees. Of text in normalisation form KC. */
const SEPARATOR = String.raw`[\s\p{Pd}\p{Cf}\u2212]+`;
const GROUPS = new RegExp(String.raw`\d+(?:${SEPARATOR}\d+)*`, 'gu');
const BETWEEN = new RegExp(SEPARATOR, 'u');

/** UUIDs, hashes and the like: in these a run of digits means nothing, and one in some hundred would look like a card number. */
const HEXADECIMAL = /(?<![\da-z])(?:[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}|(?=\d*[a-f])[\da-f]{24,})(?![\da-z])/gi;

/**
 * Whether there is something in the text that may be the number of a card: 13 to 19 digits, whole groups of them, with the right check
 * digit (Luhn). One in ten other numbers of that length looks like one too, and nobody can tell.
 */
export const looksLikeCardNumber = (text: string): boolean => {
  if (text.length < SHORTEST) return false;
  const runs = text.normalize('NFKC').replaceAll(HEXADECIMAL, '#').match(GROUPS) ?? [];
  return runs.some((run) => run.length >= SHORTEST && holdsCardNumber(run));
};

const holdsCardNumber = (run: string): boolean => {
  const groups = run.split(BETWEEN);
  return groups.some((_, first) => {
    let digits = '';
    for (let next = first; next < groups.length && digits.length + groups[next]!.length <= LONGEST; next += 1) {
      digits += groups[next]!;
      if (digits.length >= SHORTEST && hasCheckDigit(digits)) return true;
    }
    return false;
  });
};

/** The algorithm of Luhn (ISO/IEC 7812-1, annex B). */
const hasCheckDigit = (digits: string): boolean => {
  let sum = 0;
  for (let place = 0; place < digits.length; place += 1) {
    const digit = digits.charCodeAt(digits.length - 1 - place) - 48;
    const weighed = place % 2 === 0 ? digit : digit * 2;
    sum += weighed > 9 ? weighed - 9 : weighed;
  }
  return sum % 10 === 0;
};

/**
 * Looks at every text of a body, names of members and numbers included, before anything else does: what else is wrong with the body is not
 * said, since that could repeat parts of it.
 * @throws ValidationError `looks-like-card-number` for each place; neither its faults nor their pointers repeat a card number
 */
export const refuseCardNumbers = (body: unknown): void => {
  const faults: Fault[] = [];
  const refuse = (path: readonly PropertyKey[], detail: string): void => {
    if (faults.length < MAX_FAULTS) faults.push({ pointer: pointerOf(path), code: 'looks-like-card-number', detail });
  };
  const examine = (value: unknown, path: readonly PropertyKey[]): void => {
    if (typeof value === 'string' || typeof value === 'number') {
      if (looksLikeCardNumber(String(value))) refuse(path, VALUE_RULE);
    } else if (Array.isArray(value)) {
      for (const [place, item] of value.entries()) examine(item, [...path, place]);
    } else if (typeof value === 'object' && value !== null)
      for (const [name, member] of Object.entries(value)) {
        if (looksLikeCardNumber(name)) refuse(path, NAME_RULE);
        else examine(member, [...path, name]);
      }
  };
  examine(body, []);
  if (faults.length > 0) throw new ValidationError(faults);
};
const MENDING =
  'send the token that your payment provider gave you for it, and choose names and numbers of your own that are no such number';
const VALUE_RULE = `looks like a card number, which the hub neither takes nor keeps; ${MENDING}`;
const NAME_RULE = `has a member whose name looks like a card number, which the hub neither takes nor keeps; ${MENDING}`;
