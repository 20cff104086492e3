import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import amqp from 'amqplib';
import { TEST_CERTIFICATE } from '../../adapters/http/testing/certificate.ts';
import { freePort, hasCommand, type LocalServer, startLocalServer, temporaryFolder } from './local-server.ts';

/** The scripts themselves: the wrappers on the path change the user and use the machine's own broker. */
const SCRIPTS = ['/usr/lib/rabbitmq/bin', '/opt/rabbitmq/sbin'].find((folder) => existsSync(join(folder, 'rabbitmq-server')));

/** Why it cannot run here; `undefined` when it can. */
export const availability = (): string | undefined =>
  SCRIPTS && hasCommand('epmd') ? undefined : 'rabbitmq-server is not installed (Debian: apt-get install rabbitmq-server)';

export interface RabbitMqServer extends LocalServer {
  /** Makes a user as an operator of the broker would, with these rights in the virtual host `/`; answers its URL. */
  addUser(name: string, rights: { readonly configure: string; readonly write: string; readonly read: string }): Promise<string>;
  /** Of a user that was added. */
  urlOf(name: string): string;
  /** Messages that wait in a queue, those in hand not counted; `undefined` when there is no such queue. */
  waiting(queue: string): Promise<number | undefined>;
  /** Of the same server, over TLS with the certificate of the tests. */
  readonly tlsUrl: string;
}

/** One broker with its own node name, port mapper, data and home; about ten seconds to start. */
export const startRabbitMq = async (): Promise<RabbitMqServer> => {
  const folder = temporaryFolder('rabbitmq');
  const [port, tlsPort, distributionPort, mapperPort] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  mkdirSync(join(folder, 'home'));
  const [cert, key] = [file('cert.pem', TEST_CERTIFICATE.cert), file('key.pem', TEST_CERTIFICATE.key)];
  const configuration = [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    `listeners.ssl.1 = 127.0.0.1:${tlsPort}`,
    `ssl_options.certfile = ${cert}`,
    `ssl_options.keyfile = ${key}`,
    'ssl_options.verify = verify_none',
    'disk_free_limit.absolute = 50MB',
  ];
  const env = {
    ...process.env,
    HOME: join(folder, 'home'),
    ERL_EPMD_PORT: String(mapperPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `sagahub${port}@localhost`,
    RABBITMQ_DIST_PORT: String(distributionPort),
    RABBITMQ_CONFIG_FILE: file('rabbitmq.conf', `${configuration.join('\n')}\n`),
    RABBITMQ_ENABLED_PLUGINS_FILE: file('enabled_plugins', '[].\n'),
    RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
    RABBITMQ_LOG_BASE: join(folder, 'log'),
    RABBITMQ_PID_FILE: join(folder, 'pid'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    RUNNING_UNDER_SYSTEMD: 'true', // the script becomes the broker itself, so that signals reach it
  };
  // Erlang would start its port mapper as a daemon that outlives everything.
  const mapper = spawn('epmd', ['-port', String(mapperPort)], { env, stdio: 'ignore' });
  const endMapper = (): void => void mapper.kill('SIGKILL');
  process.once('exit', endMapper);
  const server = await startLocalServer({
    name: 'rabbitmq-server',
    port,
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    folder,
    command: join(SCRIPTS ?? '', 'rabbitmq-server'),
    args: [],
    env,
    ready: () => speaksAmqp(port),
    startWithinMs: 120_000, // ten seconds of computing, on a machine that does something else too
  });
  const urlOf = (name: string) => `amqp://${name}:secret-of-${name}@127.0.0.1:${port}`;
  const control = (...args: readonly string[]) => promisify(execFile)(join(SCRIPTS ?? '', 'rabbitmqctl'), ['-q', ...args], { env });
  return {
    ...server,
    addUser: async (name, { configure, write, read }) => {
      await control('add_user', name, `secret-of-${name}`);
      await control('set_permissions', '-p', '/', name, configure, write, read);
      return urlOf(name);
    },
    urlOf,
    // Its own tool tells of quorum queues as they were seconds ago.
    waiting: async (queue) => {
      const connection = await amqp.connect(`amqp://guest:guest@127.0.0.1:${port}`);
      connection.on('error', () => {});
      try {
        const channel = await connection.createChannel();
        channel.on('error', () => {});
        return (await channel.checkQueue(queue)).messageCount;
      } catch {
        return undefined;
      } finally {
        await connection.close().catch(() => {});
      }
    },
    tlsUrl: `amqps://guest:guest@localhost:${tlsPort}`,
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]();
      endMapper();
      process.off('exit', endMapper);
    },
  };
};

/** It opens its ports last of all when it starts, and first says what it is. */
const speaksAmqp = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('AMQP\x00\x00\x09\x01', 'latin1'));
    socket.once('data', () => (socket.destroy(), resolve(true)));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
