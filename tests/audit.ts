import { execFile } from 'node:child_process';
import { auditVerdict } from './audit-verdict.ts';

/**
 * `npm run audit [-- --required]`: are there known vulnerabilities in what is shipped? Asks the registry; exit code 1 when there are, and with
 * `--required`, as before a release, also when the registry does not tell.
 */
const ANSWER_LIMIT_MS = 60_000;

const answer = await new Promise<string>((resolve) => {
  execFile('npm', ['audit', '--omit=dev', '--json'], { timeout: ANSWER_LIMIT_MS, shell: process.platform === 'win32' }, (error, stdout) =>
    resolve(stdout || (error?.message ?? '')),
  );
});
const { isClean, text } = auditVerdict(answer);
console.log(text);
const isRequired = process.argv.includes('--required');
if (isClean === false || (isClean === undefined && isRequired)) process.exitCode = 1;
