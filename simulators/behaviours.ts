/** How a behaviour can be changed: by the kinds of its usual values, and of some by a choice. Names that end in `Rate` are shares from 0 to 1. */
export const behaviourParser = <Behaviour extends object>(usual: Behaviour, choices: Readonly<Record<string, readonly unknown[]>>) => {
  /** @throws TypeError naming the member that is wrong */
  return (input: unknown): Partial<Behaviour> => {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) throw new TypeError('send an object of behaviours to change');
    for (const [name, value] of Object.entries(input)) {
      if (!Object.hasOwn(usual, name)) throw new TypeError(`${name} is no behaviour; there are ${Object.keys(usual).join(', ')}`);
      const expected = expectation(name, usual[name as keyof Behaviour], choices[name]);
      if (!expected.holds(value)) throw new TypeError(`${name} must be ${expected.words}`);
    }
    return input;
  };
};

interface Expectation {
  readonly words: string;
  readonly holds: (value: unknown) => boolean;
}

const expectation = (name: string, usual: unknown, choices: readonly unknown[] | undefined): Expectation => {
  if (choices) return { words: choices.join(' or '), holds: (value) => choices.includes(value) };
  if (Array.isArray(usual))
    return { words: 'a list of strings', holds: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string') };
  if (typeof usual !== 'number') return { words: `a ${typeof usual}`, holds: (value) => typeof value === typeof usual };
  return name.endsWith('Rate')
    ? { words: 'a share from 0 to 1', holds: (value) => isNumber(value) && value <= 1 }
    : { words: 'a number, 0 or more', holds: isNumber };
};

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;
