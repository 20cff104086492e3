import type { Json, JsonObject } from '@sagahub/contracts/json.ts';

/** Shorter values (a country, a house number) name nobody and would tear holes into every sentence. */
const SHORTEST = 4;
const REDACTED = '[personal data]';

/**
 * A third party's reason without the personal data it was sent: reasons are stored in the log, in clear. Upper and lower case are one,
 * each word of a person's name is taken out by itself too, and so is a value that was cut off at the end of a reason that was too long.
 * @param request what was sent in clear, and stands in the log so: it is nobody's secret
 */
export const redact = (reason: string, personal: JsonObject | undefined, request: JsonObject = {}): string => {
  const inClear = new Set([...membersOf(request)].map(({ text }) => text));
  let redacted = reason;
  for (const value of textsOf(personal)) {
    if (inClear.has(value)) continue;
    redacted = redacted.replaceAll(new RegExp(RegExp.escape(value), 'giu'), REDACTED);
    const cut = cutOffAt(redacted, value);
    if (cut !== undefined) redacted = redacted.slice(0, cut) + REDACTED;
  }
  return redacted;
};

/** Whole values first, so that a name is one gap and not several. */
const textsOf = (personal: JsonObject | undefined): readonly string[] => {
  const texts = [...membersOf(personal)];
  const words = texts.filter(({ name }) => name === 'name').flatMap(({ text }) => text.split(/[\s,.;]+/));
  return [...texts.map(({ text }) => text), ...words].filter((text) => text.length >= SHORTEST);
};

function* membersOf(value: Json | undefined, name = ''): Generator<{ readonly name: string; readonly text: string }> {
  if (typeof value === 'string') yield { name, text: value };
  else if (typeof value === 'object' && value !== null)
    for (const [member, inner] of Object.entries(value)) yield* membersOf(inner, member);
}

/** Where the beginning of a value starts that the text ends with. */
const cutOffAt = (text: string, value: string): number | undefined => {
  const end = text.toLowerCase();
  const start = value.toLowerCase();
  for (let length = start.length - 1; length >= SHORTEST; length--) if (end.endsWith(start.slice(0, length))) return text.length - length;
  return undefined;
};
