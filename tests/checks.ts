import { runCommand } from './child.ts';
import type { Outcome, Task } from './tasks.ts';

const check = (root: string, name: string, command: string, ...args: readonly string[]): Task => ({
  name,
  run: async (print) => {
    let output = '';
    const code = await runCommand(root, command, args, process.env, (text) => {
      output += text;
    }).exited;
    print(code === 0 ? '  ok\n' : output);
    return code === 0 ? { passed: 1, failed: [], skipped: [] } : { passed: 0, failed: [{ title: name, reason: output }], skipped: [] };
  },
});

export const checks = (root: string): readonly Task[] => [
  check(root, 'type check', 'typescript', '--noEmit', '--pretty', 'false'),
  check(root, 'lint', 'oxlint', '--type-aware', '--deny-warnings'),
  check(root, 'format', '@biomejs/biome', 'format', '--colors=off'),
];

/** Adds up what every process of the run covered; the threshold and the files counted are in `.c8rc.json`. */
export const checkCoverage = async (root: string, coverageDir: string): Promise<Outcome> => {
  const print = (text: string) => void process.stdout.write(text);
  print('\n=== coverage\n');
  let reason = '';
  const code = await runCommand(root, 'c8', ['report', `--temp-directory=${coverageDir}`], process.env, (text) => {
    reason += text;
    print(text);
  }).exited;
  return code === 0 ? { passed: 1, failed: [], skipped: [] } : { passed: 0, failed: [{ title: 'coverage', reason }], skipped: [] };
};
