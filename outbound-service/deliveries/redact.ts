import type { Json, JsonObject } from '@sagahub/contracts/json.ts';

/** Shorter values (a country, a house number) name nobody and would tear holes into every sentence. */
const SHORTEST = 4;

/** A third party's reason without the personal data it was sent: reasons are stored in the log, in clear. */
export const redact = (reason: string, personal: JsonObject | undefined): string => {
  let redacted = reason;
  for (const value of textsOf(personal)) if (value.length >= SHORTEST) redacted = redacted.replaceAll(value, '[personal data]');
  return redacted;
};

function* textsOf(value: Json | undefined): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) yield* textsOf(member);
}
