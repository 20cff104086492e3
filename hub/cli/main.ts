import { Command } from 'commander';
import { VERSION } from '../version.ts';
import { demoCommand } from './demo.ts';
import { startCommand } from './start.ts';

/** The `sagahub` command line. */
export const main = async (args: readonly string[]): Promise<void> => {
  const program = new Command('sagahub').description(
    'An integration hub: orders in, sagas, the ERP out, a history nobody can quietly change.',
  );
  program.version(VERSION).showHelpAfterError().addCommand(startCommand()).addCommand(demoCommand());
  await program.parseAsync(args, { from: 'user' });
};
