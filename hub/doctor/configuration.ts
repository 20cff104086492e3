import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { readTls } from '@sagahub/gateway/config.ts';
import { restErpOptions } from '@sagahub/outbound-service/config.ts';
import { cliSettings } from '../cli/settings.ts';
import { type HubConfig, readHubConfig, settingGroups } from '../config.ts';
import { isDemo } from '../demo-installation.ts';
import { type Finding, ok, problem, warning } from './check.ts';

const CHECK = 'configuration';

/** Reads the configuration as a start would. Without one, nothing else can be looked at. */
export const checkConfiguration = (
  env: NodeJS.ProcessEnv,
): { readonly findings: readonly Finding[]; readonly config: HubConfig | undefined } => {
  const misspelt = unknownVariables(env).map(({ name, meant }) =>
    warning(
      CHECK,
      `${name} is no setting of the hub and is ignored`,
      meant === undefined ? 'docs/configuration.md lists all settings' : `did you mean ${meant}?`,
    ),
  );
  try {
    const config = readHubConfig(env);
    const findings = [...inconsistencies(config), ...misspelt];
    return { config, findings: findings.length > 0 ? findings : [ok(CHECK, 'every setting is valid')] };
  } catch (error) {
    return { config: undefined, findings: [...told(error), ...misspelt] };
  }
};

const inconsistencies = (config: HubConfig): readonly Finding[] =>
  [
    () => readTls(config.gateway),
    () => {
      // Without ERP_URL a demo has the simulator, whose address is not known here.
      restErpOptions(config.outbound, isDemo(config) ? 'http://127.0.0.1' : undefined);
    },
  ].flatMap((attempt) => {
    try {
      attempt();
      return [];
    } catch (error) {
      return told(error);
    }
  });

const told = (error: unknown): readonly Finding[] => {
  if (!(error instanceof ConfigurationError)) throw error;
  return error.problems.map((text) => problem(CHECK, text, 'correct it in the environment the hub is started with'));
};

const OURS = /^(HUB|ERP)_/;

/** Variables that look like ours and are none: most of them are misspelt. */
const unknownVariables = (env: NodeJS.ProcessEnv): { name: string; meant: string | undefined }[] => {
  const known = new Set(
    [...Object.values(settingGroups), cliSettings].flatMap((settings) =>
      Object.values(settings).flatMap((setting) =>
        'secret' in setting && setting.secret ? [setting.env, `${setting.env}_FILE`] : [setting.env],
      ),
    ),
  );
  return Object.keys(env)
    .filter((name) => OURS.test(name) && !known.has(name))
    .map((name) => ({ name, meant: [...known].find((candidate) => isNear(name, candidate)) }));
};

/** Two letters apart at most (Levenshtein). */
const isNear = (one: string, other: string): boolean => {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [i, letter] of Array.from(one).entries()) {
    const next = [i + 1];
    for (const [j, wanted] of Array.from(other).entries())
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === wanted ? 0 : 1)));
    row = next;
  }
  return (row.at(-1) ?? 0) <= 2;
};
