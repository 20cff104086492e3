import { endOnSignals } from '@sagahub/adapters/process/shutdown.ts';
import { Command } from 'commander';
import { readHubConfig } from '../config.ts';
import type { DemoCredentials } from '../demo-installation.ts';
import { type RunningHub, startHub } from '../hub.ts';

/** Longer than requests and calls in hand are given to finish, shorter than what orchestrators wait before they kill. */
const STOP_DEADLINE_MS = 40_000;

export const startCommand = (): Command =>
  new Command('start')
    .description('run the hub until it is told to stop (Ctrl-C, SIGTERM)')
    .option('--json', 'print one JSON line when ready, for scripts')
    .action(async (options: { json?: boolean }) => {
      const hub = await startHub(readHubConfig(process.env), process.env);
      const seconds = process.uptime().toFixed(1);
      console.log(options.json ? readyLine(hub) : await welcome(hub, seconds));
      endOnSignals({ logger: hub.logger, clock: hub.clock, drain: () => hub.stop(), deadlineMs: STOP_DEADLINE_MS });
    });

const readyLine = ({ url, managementUrl, grpcAddress, dataFolder, simulatorUrl, paymentSimulatorUrl }: RunningHub): string =>
  JSON.stringify({ url, managementUrl, grpcAddress, dataFolder, simulatorUrl, paymentSimulatorUrl });

const welcome = async (hub: RunningHub, seconds: string): Promise<string> => {
  const { url, managementUrl, grpcAddress, dataFolder, simulatorUrl, paymentSimulatorUrl, demo } = hub;
  return [
    '',
    `  Sagahub is ready (${seconds} s)`,
    '',
    `  API          ${url}/api/v1`,
    `  Reference    ${url}/docs`,
    ...(grpcAddress ? [`  gRPC         ${grpcAddress}`] : []),
    `  Metrics      ${managementUrl}/metrics`,
    `  Data folder  ${dataFolder}`,
    `  ERP          ${simulatorUrl ? `built-in simulator at ${simulatorUrl} (ERP_URL is not set)` : 'the one that ERP_URL names'}`,
    ...(paymentSimulatorUrl ? [`  Payments     built-in simulator at ${paymentSimulatorUrl} (PAYMENT_PROCESSOR_URL is not set)`] : []),
    ...(demo ? ['', '  Post a first order:', '', firstOrder(url, await tokenFor(url, demo))] : []),
    '',
  ].join('\n');
};

const tokenFor = async (url: string, { demo }: DemoCredentials): Promise<string> => {
  const credentials = Buffer.from(`${demo.clientId}:${demo.clientSecret}`).toString('base64');
  const response = await fetch(`${url}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
};

const firstOrder = (url: string, token: string): string => {
  const order = {
    orderNumber: 'PO-10045',
    currency: 'EUR',
    buyer: { id: 'C-1001', name: 'Ada Keller' },
    shipTo: { city: 'Lyon', country: 'FR' },
    lines: [{ sku: 'SKU-00042', quantity: '3', unitPrice: '19.90' }],
  };
  return [
    `curl -i '${url}/api/v1/orders' \\`,
    `  -H 'Authorization: Bearer ${token}' \\`,
    "  -H 'Content-Type: application/json' \\",
    `  -d '${JSON.stringify(order)}'`,
  ].join('\n');
};
