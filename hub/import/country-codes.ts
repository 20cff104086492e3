import { COUNTRIES } from '@sagahub/contracts/api/iso-codes.ts';

/** Names in everyday use beside those of ISO 3166. */
const EVERYDAY: Readonly<Record<string, string>> = {
  eire: 'IE',
  england: 'GB',
  'great britain': 'GB',
  holland: 'NL',
  rsa: 'ZA',
  'the netherlands': 'NL',
  uae: 'AE',
  uk: 'GB',
  'united states of america': 'US',
  usa: 'US',
};

/** Looks names up as a mapping spells them, then in English, whatever the case; a code is its own. `undefined`: unknown. */
export const countryCodes = (spelled: Readonly<Record<string, string>>): ((name: string) => string | undefined) => {
  const english = new Intl.DisplayNames('en', { type: 'region' });
  const codes = new Map<string, string>();
  for (const code of COUNTRIES) {
    codes.set((english.of(code) ?? code).toLowerCase(), code);
    codes.set(code.toLowerCase(), code);
  }
  for (const [name, code] of [...Object.entries(EVERYDAY), ...Object.entries(spelled)]) codes.set(name.toLowerCase(), code);
  return (name) => codes.get(name.trim().toLowerCase());
};
