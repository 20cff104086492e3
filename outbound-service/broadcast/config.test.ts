import assert from 'node:assert/strict';
import { readConfig } from '@sagahub/contracts/config.ts';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { broadcastSettings } from './config.ts';

const consumersOf = (text: string) => readConfig(broadcastSettings, { HUB_CONSUMERS: text }).consumers;
const problemsOf = (text: string): string => {
  try {
    consumersOf(text);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.join('\n');
  }
  return '';
};

describe('configuration of consumers', () => {
  it('names them with their patterns, and where a new one starts', () => {
    assert.deepEqual(consumersOf(''), []);
    assert.deepEqual(consumersOf('ledger=payment.#; notifier = payment.approved, order.completed@2026-11-20T10:00:00Z;'), [
      { name: 'ledger', patterns: ['payment.#'] },
      { name: 'notifier', patterns: ['payment.approved', 'order.completed'], since: '2026-11-20T10:00:00Z' },
    ]);
  });

  it('tells every mistake in one message', () => {
    const problems = problemsOf('Ledger=payment.#;x=payment..a;y=paiment.*;z=order.*@yesterday;z=#;nothing');
    assert.match(problems, /"Ledger" is no name/);
    assert.match(problems, /"payment\.\.a" of x is no pattern/);
    assert.match(problems, /"paiment\.\*" of y matches nothing; there is order\.received/);
    assert.match(problems, /"yesterday" of z is no time/);
    assert.match(problems, /z is there twice/);
    assert.match(problems, /"" of nothing is no pattern/);
  });
});
