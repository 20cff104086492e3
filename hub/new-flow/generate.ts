import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { addFlow } from './add-flow.ts';
import { namesOf } from './names.ts';

/** `npm run new-flow -- <name> [<plural>]`, at the root of the repository. */
const [name = '', plural] = process.argv.slice(2);
const root = resolve(import.meta.dirname, '../..');
try {
  const files = addFlow(root, namesOf(name, plural));
  execFileSync(resolve(root, 'node_modules/.bin/biome'), ['format', '--write', ...files], { cwd: root, stdio: 'ignore' });
  console.log(`${files.join('\n')}\n\nNow: npm run check, and docs/flows.md for what each file must hold.`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
