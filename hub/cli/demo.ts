import { Command } from 'commander';
import { runDemo } from '../demo/demo.ts';
import { Narrator } from '../demo/narrator.ts';

export const demoCommand = (): Command =>
  new Command('demo')
    .description('show the hub at work: orders, an ERP outage, kill -9, a refusal, the history; exit code 1 if anything said is untrue')
    .action(async () => {
      const narrator = new Narrator();
      const startedAtMs = performance.now();
      await runDemo(narrator);
      const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(0);
      console.log(
        narrator.untrue === 0 ? `\n  Everything said was true (${seconds} s).\n` : `\n  ${narrator.untrue} claims were untrue.\n`,
      );
      process.exitCode = narrator.untrue === 0 ? 0 : 1;
    });
