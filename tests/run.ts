/**
 * `npm test`: type check, lint, format check, then every test file, a few groups at a time. The output closes with one line,
 * `N passed, N failed, N skipped`, over all of it; each check counts as one test.
 *
 *   npm test -- --grep "replays"            only these tests, no checks (any mocha option works)
 *   npm test -- gateway/token.test.ts       only these files, no checks
 *   npm test -- --coverage                  fails below the coverage of .c8rc.json; report in coverage/
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeBundle } from './bundle.ts';
import { toldToEnd } from './child.ts';
import { checks, checkCoverage } from './checks.ts';
import { type Group, testGroups } from './groups.ts';
import { runGroup } from './mocha-process.ts';
import { busyShare, cpuTimes, inShort, timed, timesOf, told } from './summary.ts';
import { inParallel, type Outcome, type Task } from './tasks.ts';

const ROOT = resolve(import.meta.dirname, '..');
const argv = process.argv.slice(2);
const withCoverage = argv.includes('--coverage');
const files = argv.filter((arg) => arg.endsWith('.test.ts'));
const mochaOptions = argv.filter((arg) => arg !== '--coverage' && !files.includes(arg));
const everything = files.length === 0 && mochaOptions.length === 0;

const scratch = await mkdtemp(join(tmpdir(), 'sagahub-tests-'));
const coverageDir = join(ROOT, 'coverage', 'tmp');
const compileCache = process.env['NODE_COMPILE_CACHE'] ?? join(ROOT, 'node_modules', '.cache', 'compile');
if (withCoverage) await rm(join(ROOT, 'coverage'), { recursive: true, force: true });
/** Reaches the hubs that tests start as processes of their own. Compiled code that was kept makes coverage inexact. */
const environmentOf = ({ env, unmeasured }: Group): NodeJS.ProcessEnv => ({
  ...process.env,
  ...(withCoverage && !unmeasured ? { NODE_V8_COVERAGE: coverageDir } : { NODE_COMPILE_CACHE: compileCache }),
  ...env,
});

if (everything) await makeBundle(ROOT);

/** Of every task, in seconds. */
const took = new Map<string, number>();
const groups = testGroups(ROOT, files);
const taskOf = (group: Group): Task => {
  const env = { ...environmentOf(group), HUB_TEST_RESULT: join(scratch, `${group.name}.json`) };
  return { name: group.name, run: (print) => runGroup(ROOT, group.files, mochaOptions, env, print) };
};
const alone: readonly Task[] = groups.filter((group) => group.alone).map(taskOf);
const beside: readonly Task[] = [...(everything ? checks(ROOT) : []), ...groups.filter((group) => !group.alone).map(taskOf)];
/** As many as processors. Groups that start many processes slow each other down by more than what a third would use of the waits of two. */
const WIDTH = Math.min(4, Math.max(2, availableParallelism()));
const startedMs = performance.now();
const before = cpuTimes();
const inTurns = (tasks: readonly Task[], width: number) =>
  inParallel(
    tasks.map((task) => timed(task, took)),
    width,
    { signal: toldToEnd },
  );
const outcomes = [...(await inTurns(alone, 1)), ...(await inTurns(beside, WIDTH))];
const busy = busyShare(before, cpuTimes());
if (withCoverage && !toldToEnd.aborted) outcomes.push(await checkCoverage(ROOT, coverageDir));
await rm(scratch, { recursive: true, force: true });

const all = <T>(pick: (outcome: Outcome) => readonly T[]): T[] => outcomes.flatMap(pick);
const failed = all((outcome) => outcome.failed);
const skipped = all((outcome) => outcome.skipped);
const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
if (groups.length === 0) failed.push({ title: `no test file matches ${files.join(', ')}`, reason: '' });

const suites = all((outcome) => outcome.suites ?? []);
if (everything) console.log(`\n${timesOf(took, busy, suites)}`);
if (skipped.length > 0) console.log(`\nSkipped:\n${skipped.map(({ title, reason }) => `  ${title}\n    because ${reason}`).join('\n')}`);
// Last, and in short once more: who reads only the end of the output sees what failed and why.
for (const failure of failed) console.log(`\n${told(failure)}`);
if (failed.length > 0) console.log(`\nFailed:\n${failed.map(inShort).join('\n')}`);
console.log(`\n${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
console.log(`${passed} passed, ${failed.length} failed, ${skipped.length} skipped`);
process.exitCode = failed.length > 0 ? 1 : 0;
