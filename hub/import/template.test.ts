import assert from 'node:assert/strict';
import fc from 'fast-check';
import { compiler, MappingFault } from './template.ts';

const compile = compiler({
  timeZone: 'Europe/London',
  number: { decimal: '.', grouping: ',' },
  countries: { EIRE: 'IE', 'Channel Islands': 'JE' },
});
const value = (template: string | string[], fields: Record<string, string>) => compile(template)(fields);

describe('templates of a mapping', () => {
  const cases: readonly [what: string, template: string | string[], fields: Record<string, string>, result: string | undefined][] = [
    ['a constant', 'GBP', {}, 'GBP'],
    ['a column without the spaces around it', '{A}', { A: ' POPPY ' }, 'POPPY'],
    ['text around columns', 'Customer {A} of {B}', { A: '7', B: 'x' }, 'Customer 7 of x'],
    ['nothing when a column in it is empty', 'Customer {A}', { A: ' ' }, undefined],
    ['the first alternative that is not empty', ['{A}', '{B}', 'WALK-IN'], { A: '', B: 'b' }, 'b'],
    ['a default for a missing value', ['{A}', 'WALK-IN'], {}, 'WALK-IN'],
    ['a number without a needless fraction', '{A|number}', { A: '17850.0' }, '17850'],
    ['a number without needless zeros', '{A|number}', { A: '007.50' }, '7.5'],
    ['a number with grouping', '{A|number}', { A: '1,234.50' }, '1234.5'],
    ['a negative number, for the hub to refuse', '{A|number}', { A: '-8' }, '-8'],
    ['what is no number as it is, for the hub to refuse', '{A|number}', { A: '1e3' }, '1e3'],
    ['a local time in winter', '{A|time:yyyy-MM-dd HH:mm:ss}', { A: '2010-12-01 08:26:00' }, '2010-12-01T08:26:00Z'],
    ['a local time in summer', '{A|time:yyyy-MM-dd HH:mm:ss}', { A: '2010-07-01 08:26:00' }, '2010-07-01T07:26:00Z'],
    ['a time that brings its zone', '{A|time}', { A: '2010-12-01T08:26:00+02:00' }, '2010-12-01T06:26:00Z'],
    ['a date', '{A|date:dd/MM/yyyy}', { A: '01/12/2010' }, '2010-12-01'],
    ['a country by its English name', '{A|country}', { A: 'United Kingdom' }, 'GB'],
    ['a country by its code', '{A|country}', { A: 'fr' }, 'FR'],
    ['a country as the mapping spells it', '{A|country}', { A: 'Channel Islands' }, 'JE'],
    ['several filters, one after the other', '{A|upper|max:3}', { A: 'abcdef' }, 'ABC'],
  ];
  for (const [what, template, fields, result] of cases) it(`make ${what}`, () => assert.equal(value(template, fields), result));

  it('name the value that cannot be made', () => {
    assert.throws(
      () => value('{A|country}', { A: 'Atlantis' }),
      (error) => error instanceof MappingFault && error.code === 'unknown-country' && /Atlantis/.test(error.message),
    );
    assert.throws(() => value('{A|time:yyyy}', { A: 'soon' }), /"soon" is no time of the form yyyy/);
    assert.throws(() => compile('{A|shout}'), /"shout" is no filter; there are number, country, time/);
  });

  it('keep a number equal to what it was', () => {
    const decimal = fc
      .tuple(fc.integer({ min: -999_999, max: 999_999 }), fc.stringMatching(/^\d{0,6}$/))
      .map(([whole, fraction]) => `${whole}${fraction === '' ? '' : `.${fraction}`}`);
    fc.assert(
      fc.property(decimal, (text) => {
        const made = value('{A|number}', { A: text });
        assert.equal(Number(made), Number(text));
        assert.match(made ?? '', /^-?(0|[1-9]\d*)(\.\d*[1-9])?$/);
      }),
    );
  });
});
