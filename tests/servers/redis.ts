import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { TEST_CERTIFICATE } from '../../adapters/http/testing/certificate.ts';
import { freePort, hasCommand, type LocalServer, startLocalServer, temporaryFolder } from './local-server.ts';

/** Why it cannot run here; `undefined` when it can. */
export const availability = (): string | undefined =>
  hasCommand('redis-server') ? undefined : 'redis-server is not installed (Debian: apt-get install redis-server)';

export interface RedisServer extends LocalServer {
  /** Of the same server, over TLS with the certificate of the tests. */
  readonly tlsUrl: string;
}

/** @param options.password asked of every client */
export const startRedis = async ({ password }: { readonly password?: string } = {}): Promise<RedisServer> => {
  const folder = temporaryFolder('redis');
  const [port, tlsPort] = [await freePort(), await freePort()];
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(cert, TEST_CERTIFICATE.cert);
  writeFileSync(key, TEST_CERTIFICATE.key);
  const args = ['--port', port, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes', '--appendfsync', 'everysec'];
  const tls = [
    '--tls-port',
    tlsPort,
    '--tls-cert-file',
    cert,
    '--tls-key-file',
    key,
    '--tls-auth-clients',
    'no',
    '--tls-ca-cert-file',
    cert,
  ];
  const user = password ? `:${encodeURIComponent(password)}@` : '';
  const server = await startLocalServer({
    name: 'redis-server',
    port,
    url: `redis://${user}127.0.0.1:${port}`,
    folder,
    command: 'redis-server',
    args: [...args, ...tls, ...(password ? ['--requirepass', password] : [])].map(String),
    ready: () => answers(port),
  });
  return { ...server, tlsUrl: `rediss://${user}localhost:${tlsPort}` };
};

/** Anything it answers will do, unless it is still loading its data. */
const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (reply) => (socket.destroy(), resolve(!reply.toString().startsWith('-LOADING'))));
    socket.once('error', () => resolve(false));
  });
