import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { settingGroups } from '../config.ts';
import { configurationPage } from './configuration-page.ts';
import { CONFIGURATION_PAGE } from './generate.ts';

describe('docs/configuration.md', () => {
  it('is what the settings say; "npm run docs" writes it anew', () => {
    assert.equal(readFileSync(CONFIGURATION_PAGE, 'utf8'), configurationPage());
  });

  it('tells every variable once', () => {
    const told = [...configurationPage().matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
    const declared = Object.values(settingGroups).flatMap((settings) => Object.values(settings).map(({ env }) => env));
    assert.deepEqual(told.length, new Set(told).size);
    assert.deepEqual(
      declared.filter((name) => !told.includes(name)),
      [],
    );
  });

  it('describes a variable that several parts read the same way in all of them', () => {
    const all = Object.values(settingGroups).flatMap((settings) => Object.values(settings));
    for (const { env, description } of all)
      assert.deepEqual(
        all.filter((other) => other.env === env && other.description !== description),
        [],
        env,
      );
  });
});
