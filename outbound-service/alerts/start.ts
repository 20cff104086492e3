import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import type { HttpClient } from '@sagahub/contracts/ports/http-client.ts';
import type { SagaRuntime } from '@sagahub/contracts/ports/saga-runtime.ts';
import { METRICS } from '@sagahub/contracts/telemetry-names.ts';
import type { Telemetry } from '@sagahub/contracts/ports/telemetry.ts';
import type { OutboundConfig } from '../config.ts';
import { ALERT_QUEUE } from './flow.ts';
import { alertSender } from './sending.ts';
import { watchForAlerts, type WatchPorts } from './watching.ts';

/** Alerts posted at once by one process. */
const AT_ONCE = 4;

/** Tells `HUB_ALERT_URL` what gets stuck or overdue; nothing where that is not set. @throws ConfigurationError there is no secret */
export const startAlerts = async (
  { alertUrl: url, alertSecret: secret }: OutboundConfig,
  ports: WatchPorts & { readonly telemetry: Telemetry },
  runtime: SagaRuntime,
  http: HttpClient,
): Promise<AsyncDisposable | undefined> => {
  if (url === undefined) return undefined;
  if (secret === undefined)
    throw new ConfigurationError(['HUB_ALERT_SECRET: needed because HUB_ALERT_URL is set; alerts are signed with it']);
  const { clock, telemetry } = ports;
  const sent = telemetry.counter(METRICS.alerts.name);
  const handle = alertSender({ url, secret, http }, { runtime, clock, logger: telemetry.logger, sent });
  await using started = new AsyncDisposableStack();
  started.use(await runtime.work(ALERT_QUEUE, { concurrency: AT_ONCE, perLane: AT_ONCE, handle }));
  started.use(watchForAlerts(ports));
  return started.move();
};
