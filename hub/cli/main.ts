import { HubError } from '@sagahub/contracts/errors.ts';
import { Command, CommanderError } from 'commander';
import { VERSION } from '../version.ts';
import { CommandError, EXIT, exitCodeOf } from './exit-codes.ts';

/** Only the command that is asked for is loaded: the whole hub is ten times what `token` needs. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./start.ts')).startCommand(),
  demo: async () => (await import('./demo.ts')).demoCommand(),
  token: async () => (await import('./token.ts')).tokenCommand(),
  orders: async () => (await import('./orders.ts')).ordersCommand(),
  payments: async () => (await import('./payments.ts')).paymentsCommand(),
  partners: async () => (await import('./partners.ts')).partnersCommand(),
  webhooks: async () => (await import('./webhooks.ts')).webhooksCommand(),
  stock: async () => (await import('./stock.ts')).stockCommand(),
  'dead-letters': async () => (await import('./dead-letters.ts')).deadLettersCommand(),
  consumers: async () => (await import('./consumers.ts')).consumersCommand(),
  breakers: async () => (await import('./breakers.ts')).breakersCommand(),
  work: async () => (await import('./work.ts')).workCommand(),
  redrives: async () => (await import('./redrives.ts')).redrivesCommand(),
  projections: async () => (await import('./projections.ts')).projectionsCommand(),
  events: async () => (await import('./events.ts')).eventsCommand(),
  audit: async () => (await import('./audit.ts')).auditCommand(),
  doctor: async () => (await import('./doctor.ts')).doctorCommand(),
  backup: async () => (await import('./backup.ts')).backupCommand(),
  migrate: async () => (await import('./migrate.ts')).migrateCommand(),
  rebuild: async () => (await import('./rebuild.ts')).rebuildCommand(),
  restore: async () => (await import('./restore.ts')).restoreCommand(),
};

/** The `sagahub` command line. Exit codes: `exit-codes.ts`. */
export const main = async (args: readonly string[]): Promise<void> => {
  const asked = COMMANDS[args[0] ?? ''];
  const program = programOf(asked ? [await asked()] : await allCommands());
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = tell(error);
  }
};

export const allCommands = (): Promise<Command[]> => Promise.all(Object.values(COMMANDS).map((load) => load()));

export const programOf = (commands: readonly Command[]): Command => {
  const program = new Command('sagahub')
    .description('An integration hub: orders in, sagas, the ERP out, a history nobody can quietly change.')
    .version(VERSION)
    .showHelpAfterError('(add --help for what there is)');
  for (const command of commands) program.addCommand(command);
  throwInsteadOfExit(program);
  return program;
};

const throwInsteadOfExit = (command: Command): void => {
  command.exitOverride().configureOutput({ writeErr: (text) => console.error(text.trimEnd()) });
  command.commands.forEach(throwInsteadOfExit);
};

/** Says what went wrong, in one message where it is known, and returns the exit code. */
const tell = (error: unknown): number => {
  // Commander has said it already; asking for help or the version is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof CommandError || error instanceof HubError) console.error(error.message);
  else console.error(error);
  return exitCodeOf(error);
};
