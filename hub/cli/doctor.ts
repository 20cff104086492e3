import { Command } from 'commander';
import { type Finding, problem, type Verdict } from '../doctor/check.ts';
import { checkConfiguration } from '../doctor/configuration.ts';
import { examine } from '../doctor/examine.ts';
import { EXIT } from './exit-codes.ts';
import { type OutputOptions, safe } from './output.ts';
import { readCliConfig } from './settings.ts';

const MARKS: Readonly<Record<Verdict, string>> = { ok: '✔', warning: '!', problem: '✖' };

export const doctorCommand = (): Command =>
  new Command('doctor')
    .description(
      'check configuration, data folder, ports, ERP and the running hub, and say what to do (exit code 1 if something must be done)',
    )
    .option('--json', 'one finding a line')
    .action(async ({ json }: OutputOptions) => {
      for await (const finding of findings()) {
        console.log(json ? JSON.stringify(finding) : safeLines(finding));
        if (finding.verdict === 'problem') process.exitCode = EXIT.failed;
      }
    });

/** A configuration that even the command line cannot read is told like any other problem. */
const findings = (): Iterable<Finding> | AsyncIterable<Finding> => {
  try {
    return examine(process.env, readCliConfig());
  } catch (error) {
    const told = checkConfiguration(process.env).findings;
    return told.some(({ verdict }) => verdict === 'problem') ? told : [problem('configuration', (error as Error).message, 'correct it')];
  }
};

const safeLines = ({ check, verdict, detail, advice }: Finding): string =>
  [`${MARKS[verdict]} ${check.padEnd(16)} ${safe(detail)}`, ...(advice === undefined ? [] : [`${' '.repeat(19)}→ ${safe(advice)}`])].join(
    '\n',
  );
