import { MalformedRequestError } from '@sagahub/contracts/errors.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENERS = [0x5b, 0x7b];
const CLOSERS = [0x5d, 0x7d];

/**
 * Parses a request's JSON. `__proto__` becomes an own member like any other, which validation then refuses.
 * @throws MalformedRequestError naming line and column; or when arrays and objects are nested deeper than `maxDepth`
 */
export const parseJson = (text: string, maxDepth: number): unknown => {
  refuseDeepNesting(text, maxDepth);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new MalformedRequestError(`the body is no JSON: ${describe(text)}`, { code: 'HUB_MALFORMED_JSON', cause: error });
  }
};

/** Looks at the text, not the value: nothing deep is ever built. 1 KiB takes about a microsecond. */
const refuseDeepNesting = (text: string, maxDepth: number): void => {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === QUOTE) at = endOfString(text, at);
    else if (OPENERS[0] === char || OPENERS[1] === char) {
      if (++depth > maxDepth)
        throw new MalformedRequestError(`the body is nested deeper than ${maxDepth} levels at ${placeOf(text, at)}`, {
          code: 'HUB_JSON_TOO_DEEP',
        });
    } else if (CLOSERS[0] === char || CLOSERS[1] === char) depth--;
  }
};

/** Index of the closing quote, or of the end of the text. */
const endOfString = (text: string, opening: number): number => {
  for (let close = text.indexOf('"', opening + 1); close !== -1; close = text.indexOf('"', close + 1)) {
    let before = close - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if ((close - before) % 2 === 1) return close;
  }
  return text.length;
};

const TOKEN =
  /[ \t\n\r]*(?:([[\]{},:])|("(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])|($))/y;

/** Where the first fault is, and what was expected there. V8's own message repeats parts of the body, so it is not passed on. */
const describe = (text: string): string => {
  const open: ('[' | '{')[] = [];
  let expected: Expectation = 'a value';
  let at = 0;
  for (;;) {
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text);
    const start = skipSpace(text, at);
    if (!token && text[start] === '"') return `the string at ${placeOf(text, start)} ${STRING_RULES}`;
    if (!token) return `expected ${expected} at ${placeOf(text, start)}`;
    if (token[4] !== undefined) return `it ends where ${expected} was expected, at ${placeOf(text, start)}`;
    const next = step(expected, token[1] ?? (token[2] ? 'string' : 'literal'), open);
    if (!next) return `expected ${expected} at ${placeOf(text, start)}`;
    expected = next;
    at = TOKEN.lastIndex;
  }
};

const STRING_RULES = 'is not closed, or holds an unescaped control character or an unknown escape';

type Expectation =
  | 'a value'
  | 'a value or "]"'
  | 'a name in double quotes'
  | 'a name in double quotes or "}"'
  | '":"'
  | '"," or "]"'
  | '"," or "}"'
  | 'the end';

/** What may follow a token; `undefined` when the token itself was not expected. */
const step = (expected: Expectation, token: string, open: ('[' | '{')[]): Expectation | undefined => {
  const afterValue = (): Expectation => {
    const inner = open.at(-1);
    return inner === '[' ? '"," or "]"' : inner === '{' ? '"," or "}"' : 'the end';
  };
  const value = expected === 'a value' || expected === 'a value or "]"';
  const name = expected === 'a name in double quotes' || expected === 'a name in double quotes or "}"';
  switch (token) {
    case '[':
    case '{':
      if (!value) return undefined;
      open.push(token);
      return token === '[' ? 'a value or "]"' : 'a name in double quotes or "}"';
    case ']':
    case '}':
      if (!expected.endsWith(`"${token}"`)) return undefined;
      open.pop();
      return afterValue();
    case ',':
      if (!expected.startsWith('","')) return undefined;
      return open.at(-1) === '[' ? 'a value' : 'a name in double quotes';
    case ':':
      return expected === '":"' ? 'a value' : undefined;
    case 'string':
      return name ? '":"' : value ? afterValue() : undefined;
    default:
      return value ? afterValue() : undefined;
  }
};

const skipSpace = (text: string, at: number): number => {
  let start = at;
  while (' \t\n\r'.includes(text.charAt(start)) && start < text.length) start++;
  return start;
};

const placeOf = (text: string, at: number): string => {
  const before = text.slice(0, at);
  return `line ${before.split('\n').length}, column ${at - before.lastIndexOf('\n')}`;
};
