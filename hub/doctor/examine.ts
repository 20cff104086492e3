import type { CliConfig } from '../cli/settings.ts';
import { type Finding, ok } from './check.ts';
import { checkConfiguration } from './configuration.ts';
import { checkDataFolder } from './data-folder.ts';
import { checkErp } from './erp.ts';
import { checkPorts } from './ports.ts';
import { checkProcessor } from './processor.ts';
import { checkRunningHub } from './running-hub.ts';

/** Looks at everything a hub needs, one thing after the other, and changes nothing. */
export async function* examine(env: NodeJS.ProcessEnv, cli: CliConfig): AsyncGenerator<Finding> {
  yield ok('Node', process.versions.node);
  const { findings, config } = checkConfiguration(env);
  yield* findings;
  if (!config) return;
  const folder = await checkDataFolder(config);
  yield* folder.findings;
  if (!folder.inUse) yield* await checkPorts(config);
  yield await checkErp(config);
  yield await checkProcessor(config);
  yield* await checkRunningHub(cli, folder.inUse);
}
