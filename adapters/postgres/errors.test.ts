import assert from 'node:assert/strict';
import { ConfigurationError, StorageFullError, UnavailableError } from '@sagahub/contracts/errors.ts';
import pg from 'pg';
import { translated } from './errors.ts';

const engine = { name: 'PostgreSQL', url: 'postgres://hub:secret-word@db/hub', setting: 'HUB_POSTGRES_URL' };
const errorOf = (code: string, message: string): Error => Object.assign(new pg.DatabaseError(message, 0, 'error'), { code });

describe('an error of PostgreSQL, in the terms of the hub', () => {
  for (const [code, message, type] of [
    ['53100', 'could not extend file: No space left on device', StorageFullError],
    ['XX000', 'could not write init file', UnavailableError], // a new session on a full disk
    ['XX001', 'invalid page in block 7', UnavailableError],
    ['57P01', 'terminating connection due to administrator command', UnavailableError],
    ['40P01', 'deadlock detected', UnavailableError],
    ['28P01', 'password authentication failed', ConfigurationError],
  ] as const)
    it(`"${message}" is ${type.name}, without the password`, () => {
      const told = translated(errorOf(code, message), engine);
      assert.ok(told instanceof type, String(told));
      assert.doesNotMatch(told.message, /secret-word/);
    });

  it('that no code foresees stays as it is: a fault of the hub', () => {
    const error = errorOf('42601', 'syntax error');
    assert.equal(translated(error, engine), error);
  });
});
