/** `npm run docs`: writes what of the documentation follows from the code. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { configurationPage } from './configuration-page.ts';

export const CONFIGURATION_PAGE = resolve(import.meta.dirname, '../../docs/configuration.md');

if (import.meta.main) {
  writeFileSync(CONFIGURATION_PAGE, configurationPage());
  console.log(`wrote ${CONFIGURATION_PAGE}`);
}
