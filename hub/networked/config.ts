import { parseMasterKeys } from '@sagahub/adapters/postgres/key-wrap.ts';
import { readConfig } from '@sagahub/contracts/config.ts';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { type HubConfig, readHubConfig } from '../config.ts';
import { type NetworkedSettings, networkedSettings } from './settings.ts';

/**
 * @param needsKeys does the process seal, open or sign anything? Otherwise the master key is not asked for, nor looked at
 * @throws ConfigurationError with every problem of every part
 */
export const readNetworkedConfig = (
  env: Readonly<Record<string, string | undefined>>,
  { needsKeys = true }: { readonly needsKeys?: boolean } = {},
): { readonly config: HubConfig; readonly settings: NetworkedSettings } => {
  const problems: string[] = [];
  const read = <T>(reading: () => T): T | undefined => {
    try {
      return reading();
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      problems.push(...error.problems);
      return undefined;
    }
  };
  const config = read(() => readHubConfig(env));
  const { masterKey: named, ...others } = networkedSettings;
  const rest = read(() => readConfig(others, env));
  const keys = needsKeys ? read(() => readConfig({ masterKey: named }, env)) : { masterKey: '' };
  const settings = rest && keys && Object.freeze({ ...rest, ...keys });
  if (keys && needsKeys) read(() => parseMasterKeys(keys.masterKey, named.env));
  if (config && config.gateway.signingKey === undefined && config.gateway.issuer === undefined)
    problems.push(
      'HUB_SIGNING_KEY_FILE: is needed in the networked profile: every replica signs and checks tokens with the same key. ' +
        'Make one with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`, and name its file',
    );
  if (config && config.outbound.erpUrl === undefined)
    problems.push('ERP_URL: is needed in the networked profile: set it to the address of the ERP, such as https://erp.example/api');
  if (config && settings && problems.length === 0) return { config, settings };
  throw new ConfigurationError(problems);
};
