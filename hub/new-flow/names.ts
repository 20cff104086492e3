/** How a flow is called, in all the forms that its files need. */
export interface FlowNames {
  /** `claim`: one word for the flow in every folder. */
  readonly one: string;
  /** `claims` */
  readonly many: string;
}

const WORD = /^[a-z]{3,20}$/;
/** Words that the hub's own streams begin with. */
const TAKEN = new Set(
  'order payment webhook inbound redrive alert refusal consumer delivery subscription operator hub breaker partner client sample'.split(
    ' ',
  ),
);

/** @throws Error saying what a name must be */
export const namesOf = (one: string, many = plural(one)): FlowNames => {
  if (!WORD.test(one))
    throw new Error(`"${one}" is no name of a flow: one word of 3 to 20 letters from a to z, such as \`npm run new-flow -- claim\``);
  if (TAKEN.has(one)) throw new Error(`${one} is taken: choose another word`);
  if (!WORD.test(many) || many === one) throw new Error(`"${many}" is no plural of ${one}; give another one behind it`);
  return { one, many };
};

const plural = (one: string): string =>
  /[^aeiou]y$/.test(one) ? `${one.slice(0, -1)}ies` : /(?:s|x|z|ch|sh)$/.test(one) ? `${one}es` : `${one}s`;

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

/** Text of the skeleton in the words of the flow. */
export const inWordsOf =
  ({ one, many }: FlowNames) =>
  (text: string): string =>
    text
      .replaceAll('samples', many)
      .replaceAll('Samples', capital(many))
      .replaceAll('SAMPLES', many.toUpperCase())
      .replaceAll('sample', one)
      .replaceAll('Sample', capital(one))
      .replaceAll('SAMPLE', one.toUpperCase());
