import { HubError } from '@sagahub/contracts/errors.ts';

/** What `sagahub` ends with; scripts rely on them (`docs/cli.md`). */
export const EXIT = {
  ok: 0,
  /** It ran, and the answer is no: a check failed, an order was refused in an import, a bug. */
  failed: 1,
  /** The command line or the configuration is wrong: nothing was done. */
  usage: 2,
  notFound: 3,
  /** The hub understood and refused: invalid, in conflict, in use, not empty. */
  refused: 4,
  /** Nobody answered, or only "not now". Repeating may help. */
  unreachable: 5,
  /** Credentials are missing, wrong, or not good for this. */
  unauthorized: 6,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An end that is told in one message, without a stack. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The exit code of whatever a command threw. */
export const exitCodeOf = (error: unknown): ExitCode => {
  if (error instanceof CommandError) return error.exitCode;
  if (!(error instanceof HubError)) return EXIT.failed;
  switch (error.code) {
    case 'HUB_CONFIGURATION':
      return EXIT.usage;
    case 'HUB_DATA_FOLDER_IN_USE':
      return EXIT.refused;
    default:
      return EXIT.failed;
  }
};
