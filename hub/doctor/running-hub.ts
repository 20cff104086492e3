import { connect } from '../cli/client.ts';
import { CommandError, EXIT } from '../cli/exit-codes.ts';
import { type CliConfig, hubUrlOf } from '../cli/settings.ts';
import { type Finding, ok, problem, warning } from './check.ts';

const CHECK = 'hub';
const PATIENCE_MS = 5_000;

interface Health {
  readonly status?: string;
  readonly checks?: Readonly<Record<string, readonly { readonly status: string; readonly output?: string }[]>>;
}

/** The hub that the command line talks to: does it answer, is it ready, do the credentials hold? */
export const checkRunningHub = async (config: CliConfig, isExpected: boolean): Promise<readonly Finding[]> => {
  const url = hubUrlOf(config);
  const health = await readHealth(url);
  if (health === undefined)
    return isExpected
      ? [problem(CHECK, `a hub runs on the data folder, and none answers at ${url}`, 'set HUB_URL (or PORT) to where it listens')]
      : [ok(CHECK, `none is running at ${url}`)];
  return [...healthFindings(url, health), await checkCredentials(config)];
};

const readHealth = async (url: string): Promise<Health | undefined> => {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(PATIENCE_MS) });
    return (await response.json()) as Health;
  } catch {
    return undefined;
  }
};

const healthFindings = (url: string, { status, checks = {} }: Health): readonly Finding[] => {
  const bad = Object.entries(checks)
    .flatMap(([name, results]) => results.map((result) => ({ name, ...result })))
    .filter((result) => result.status !== 'pass');
  if (bad.length === 0 && (status === undefined || status === 'pass')) return [ok(CHECK, `ready at ${url}`)];
  if (bad.length === 0) return [finding(status ?? 'fail', `${url} says ${status}`)];
  return bad.map(({ name, status: verdict, output }) => finding(verdict, `${name}: ${output ?? verdict}`));
};

const finding = (verdict: string, detail: string): Finding =>
  verdict === 'fail'
    ? problem(CHECK, detail, 'it takes no orders until this passes; docs/operations.md says what to look at')
    : warning(CHECK, detail, 'it works, and somebody should look: docs/operations.md');

const checkCredentials = async (config: CliConfig): Promise<Finding> => {
  try {
    const client = connect('operator', { config });
    await client.token();
    return ok('credentials', `the client ${client.clientId} gets a token`);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    const mustAct = error.exitCode === EXIT.unauthorized && config.clientId !== undefined;
    const advice = 'set HUB_CLIENT_ID and HUB_CLIENT_SECRET to a client of this hub ("sagahub partners list")';
    return mustAct ? problem('credentials', error.message, advice) : warning('credentials', error.message, advice);
  }
};
