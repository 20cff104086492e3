import assert from 'node:assert/strict';
import { MalformedRequestError } from '@sagahub/contracts/errors.ts';
import fc from 'fast-check';
import { parseJson } from './json-text.ts';

const faultOf = (text: string): string => {
  try {
    parseJson(text, 32);
  } catch (error) {
    assert.ok(error instanceof MalformedRequestError, String(error));
    return error.message.replace('the body is no JSON: ', '');
  }
  return 'none';
};

describe('parseJson', () => {
  const faults: readonly [string, string][] = [
    ['', 'it ends where a value was expected, at line 1, column 1'],
    ['{"a":1,}', 'expected a name in double quotes at line 1, column 8'],
    ['{a:1}', 'expected a name in double quotes or "}" at line 1, column 2'],
    ['{"a" 1}', 'expected ":" at line 1, column 6'],
    ['{"a": NaN}', 'expected a value at line 1, column 7'],
    ['[1 2]', 'expected "," or "]" at line 1, column 4'],
    ['[1,\n 2,\n  }', 'expected a value at line 3, column 3'],
    ['{"a":01}', 'expected a value at line 1, column 6'],
    ['{"a":1} x', 'expected the end at line 1, column 9'],
    ['{"a":"b', 'the string at line 1, column 6 is not closed, or holds an unescaped control character or an unknown escape'],
    ['["\t"]', 'the string at line 1, column 2 is not closed, or holds an unescaped control character or an unknown escape'],
    ['{"a":[1,2}', 'expected "," or "]" at line 1, column 10'],
  ];
  for (const [text, fault] of faults) it(`says of ${JSON.stringify(text)}: ${fault}`, () => assert.equal(faultOf(text), fault));

  it('never repeats the body in its message', () => assert.doesNotMatch(faultOf('{"email": ada@example.test}'), /ada/));

  it('counts nesting outside of strings only', () => {
    const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    assert.equal(faultOf(deep(32)), 'none');
    assert.equal(faultOf(deep(33)), 'the body is nested deeper than 32 levels at line 1, column 33');
    assert.equal(faultOf(JSON.stringify(`\\"${'['.repeat(99)}\\`)), 'none');
  });

  it('refuses half a megabyte of brackets, or of a string without an end, in no time', () => {
    const started = performance.now();
    assert.match(faultOf('['.repeat(500_000)), /nested deeper/);
    assert.match(faultOf(`{"a":"${String.raw`\"`.repeat(250_000)}`), /not closed/);
    assert.match(faultOf(`["${'x'.repeat(500_000)}" 1]`), /column 500005/);
    assert.ok(performance.now() - started < 2_000);
  });

  it('keeps __proto__ as a member of its own and pollutes nothing', () => {
    const parsed = parseJson('{"__proto__": {"admin": true}, "constructor": 1}', 32) as Record<string, unknown>;
    assert.deepEqual(Object.keys(parsed), ['__proto__', 'constructor']);
    assert.equal(({} as Record<string, unknown>)['admin'], undefined);
  });

  it('agrees with JSON.parse on whatever is and is not JSON', () => {
    const text = fc.oneof(
      fc.json(),
      fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '}', ']', '\\', '\u0001', '-', 'e')).map(([json, at, junk]) => {
        const place = at % (json.length + 1);
        return json.slice(0, place) + junk + json.slice(place + 1);
      }),
    );
    fc.assert(
      fc.property(text, (json) => {
        let valid = true;
        try {
          JSON.parse(json);
        } catch {
          valid = false;
        }
        const fault = faultOf(json);
        if (fault.includes('nested deeper')) return;
        assert.equal(fault === 'none', valid, fault);
        // Our scanner found the fault that JSON.parse found, instead of running off the end of a text it takes for flawless.
        assert.doesNotMatch(fault, /it ends where the end/);
      }),
    );
  });
});
