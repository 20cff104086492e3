import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type FlowNames, inWordsOf } from './names.ts';
import { REGISTRATIONS } from './registrations.ts';

const SKELETON = join(import.meta.dirname, 'skeleton');
/** Keeps the skeleton from being taken for code of the hub. */
const SUFFIX = '.txt';

/**
 * Writes the files of a new flow and registers it. Nothing is written when anything is in the way.
 * @param root of the repository
 * @returns every file that is new or changed, relative to the root
 * @throws Error a file is there already, or a place to register it at is not where it was
 */
export const addFlow = (root: string, names: FlowNames): readonly string[] => {
  const worded = inWordsOf(names);
  const written = new Map<string, string>();
  for (const path of globSync(`**/*${SUFFIX}`, { cwd: SKELETON })) {
    const target = worded(path.slice(0, -SUFFIX.length));
    if (existsSync(join(root, target))) throw new Error(`${target} is there already`);
    written.set(target, worded(readFileSync(join(SKELETON, path), 'utf8')));
  }
  for (const { file, imports = [], edits } of REGISTRATIONS) {
    let text = readFileSync(join(root, file), 'utf8');
    for (const [found, replacement] of edits) {
      if (!found.test(text))
        throw new Error(
          `${file} has no place that matches ${String(found)}: register the flow there by hand, and mend hub/new-flow/registrations.ts`,
        );
      text = text.replace(found, worded(replacement));
    }
    written.set(file, imports.map((line) => `${worded(line)}\n`).join('') + text);
  }
  for (const [path, text] of written) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return [...written.keys()].toSorted();
};
