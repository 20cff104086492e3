import { openHttpClient } from '@sagahub/adapters/http/client.ts';
import { systemClock } from '@sagahub/adapters/process/clock.ts';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { restErpOptions } from '@sagahub/outbound-service/config.ts';
import { restErpConnector } from '@sagahub/outbound-service/connectors/rest/connector.ts';
import type { HubConfig } from '../config.ts';
import { isDemo } from '../demo-installation.ts';
import { type Finding, ok, problem, warning } from './check.ts';

const CHECK = 'ERP';
const PATIENCE_MS = 10_000;

/** Reaches the ERP with the configured credentials; changes nothing there. */
export const checkErp = async (config: HubConfig): Promise<Finding> => {
  const { erpUrl } = config.outbound;
  if (erpUrl === undefined)
    return isDemo(config)
      ? warning(CHECK, 'ERP_URL is not set: the built-in simulator is used', 'fine for a try; set ERP_URL for real orders')
      : problem(
          CHECK,
          `ERP_URL is not set, and the simulator serves only a hub on loopback (HUB_HOST is ${config.gateway.host})`,
          'set ERP_URL',
        );
  try {
    await using http = openHttpClient();
    await using connector = restErpConnector(restErpOptions(config.outbound), { http, clock: systemClock() });
    const { ok: reached, detail } = await connector.probe(AbortSignal.timeout(PATIENCE_MS));
    return reached
      ? ok(CHECK, detail)
      : problem(CHECK, detail, 'orders wait until it answers; check ERP_URL, the network and the ERP_… credentials');
  } catch (error) {
    if (error instanceof ConfigurationError) return problem(CHECK, error.problems.join('; '), 'complete the ERP_… settings');
    throw error;
  }
};
