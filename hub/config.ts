import { telemetrySettings } from '@sagahub/adapters/telemetry/settings.ts';
import { type ConfigOf, readConfig, type Settings } from '@sagahub/contracts/config.ts';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { gatewaySettings } from '@sagahub/gateway/config.ts';
import { integrationSettings } from '@sagahub/integration-service/config.ts';
import { orchestrationSettings } from '@sagahub/orchestration-service/config.ts';
import { outboundSettings } from '@sagahub/outbound-service/config.ts';
import { readModelSettings } from '@sagahub/read-model/config.ts';
import { hubSettings } from './settings.ts';

/** Every setting of the one-process hub, by the part that reads it. */
export const settingGroups = {
  hub: hubSettings,
  gateway: gatewaySettings,
  integration: integrationSettings,
  orchestration: orchestrationSettings,
  outbound: outboundSettings,
  readModel: readModelSettings,
  telemetry: telemetrySettings,
} satisfies Readonly<Record<string, Settings>>;

type Groups = typeof settingGroups;
export type HubConfig = { readonly [Group in keyof Groups]: ConfigOf<Groups[Group]> };

/**
 * Reads the environment once.
 * @throws ConfigurationError listing every problem of every part
 */
export const readHubConfig = (env: Readonly<Record<string, string | undefined>>): HubConfig => {
  const problems: string[] = [];
  const config: Record<string, unknown> = {};
  for (const [group, settings] of Object.entries(settingGroups)) {
    try {
      config[group] = readConfig<Settings>(settings, env);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      problems.push(...error.problems);
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return Object.freeze(config) as HubConfig;
};
