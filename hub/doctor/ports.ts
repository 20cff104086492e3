import { createServer } from 'node:net';
import type { HubConfig } from '../config.ts';
import { type Finding, ok, problem } from './check.ts';

/** Could a hub that is started now listen where it should? Only to be asked when none is running. */
export const checkPorts = ({ gateway }: HubConfig): Promise<readonly Finding[]> =>
  Promise.all([
    checkPort('API port', gateway.host, gateway.port, 'PORT'),
    checkPort('management port', gateway.managementHost, gateway.managementPort, 'HUB_MANAGEMENT_PORT'),
    ...(gateway.grpcPort === undefined ? [] : [checkPort('gRPC port', gateway.host, gateway.grpcPort, 'HUB_GRPC_PORT')]),
  ]);

const checkPort = (check: string, host: string, port: number, variable: string): Promise<Finding> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve(problem(check, `${host}:${port} cannot be used (${error.code ?? error.message})`, adviceFor(error, variable))),
    );
    server.listen(port, host, () => server.close(() => resolve(ok(check, port === 0 ? 'any free one' : `${host}:${port} is free`))));
  });

const adviceFor = ({ code }: NodeJS.ErrnoException, variable: string): string => {
  switch (code) {
    case 'EADDRINUSE':
      return `stop what listens there, or set ${variable} to another port`;
    case 'EACCES':
      return `ports below 1024 need a privilege; set ${variable} to a higher one and put a proxy in front`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return 'this machine has no such address; set HUB_HOST or HUB_MANAGEMENT_HOST to one it has';
    default:
      return `set ${variable} to another port`;
  }
};
