import { readFileSync } from 'node:fs';
import parser from '@eventstore/db-client/dist/Client/parseConnectionString.js';
import type { ChannelCredentialOptions, Credentials, SingleNodeOptions } from '@eventstore/db-client';
import { ConfigurationError } from '@sagahub/contracts/errors.ts';

/** What the client's constructor takes. */
export interface Connection {
  /** One endpoint, several, or one to discover the others from: the client tells them apart. */
  readonly settings: SingleNodeOptions;
  readonly channel: ChannelCredentialOptions;
  readonly user: Credentials | undefined;
  /** The URL without its password, for messages. */
  readonly name: string;
}

const SCHEME = /^(?:esdb|kurrentdb)(\+discover)?:\/\//;
/** Of the options the client knows, those that it honours. */
const OPTIONS = [
  'tls',
  'tlsCAFile',
  'userCertFile',
  'userKeyFile',
  'connectionName',
  'nodePreference',
  'defaultDeadline',
  'discoveryInterval',
  'gossipTimeout',
  'maxDiscoverAttempts',
  'keepAliveInterval',
  'keepAliveTimeout',
];
const HARMLESS = ['throwOnAppendFailure', 'tlsVerifyCert'];

/**
 * `esdb://[user:password@]host[:2113][,host…][?option=value&…]`, `kurrentdb://…`, and both with `+discover`.
 *
 * Refuses what the client would ignore: it drops a password silently when TLS is off, and prints the whole URL, password included, when it
 * does not know an option.
 * @throws ConfigurationError
 */
export const parseConnectionUrl = (url: string): Connection => {
  const name = withoutPassword(url);
  const refuse = (problem: string): ConfigurationError => new ConfigurationError([`HUB_EVENT_STORE_URL: ${name} ${problem}`]);
  if (!SCHEME.test(url)) throw refuse('does not begin with esdb://, esdb+discover://, kurrentdb:// or kurrentdb+discover://');
  for (const [option, value] of new URLSearchParams(url.split('?')[1] ?? '')) {
    if (![...OPTIONS, ...HARMLESS].some((known) => flat(known) === flat(option)))
      throw refuse(`has the option ${option}, which is none of ${OPTIONS.join(', ')}`);
    if (flat(option) === 'tlsverifycert' && value === 'false')
      throw refuse('asks not to verify the certificate, which is not supported: name its authority by tlsCAFile');
  }
  const options = parse(url, refuse);
  if (options.tls === false && options.defaultCredentials)
    throw refuse('has a password and tls=false: it would not be sent. Use TLS, or take the password out');
  if ((options.userCertFile === undefined) !== (options.userKeyFile === undefined))
    throw refuse('needs userCertFile and userKeyFile together');

  const { dnsDiscover, hosts, defaultCredentials, tls, tlsCAFile, userCertFile, userKeyFile, ...settings } = options;
  const [first] = hosts;
  const nodes = dnsDiscover ? { discover: first } : hosts.length > 1 ? { endpoints: hosts } : { endpoint: first };
  const read = (file: string): Buffer => {
    try {
      return readFileSync(file);
    } catch (error) {
      throw refuse(`names the file ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`);
    }
  };
  return {
    // Our own answers tell of conflicts, whatever the URL says about throwing.
    settings: { ...settings, throwOnAppendFailure: true, ...nodes } as SingleNodeOptions,
    channel: {
      insecure: tls === false,
      ...(tlsCAFile !== undefined && { rootCertificate: read(tlsCAFile) }),
      ...(userCertFile !== undefined && { userCertFile: read(userCertFile) }),
      ...(userKeyFile !== undefined && { userKeyFile: read(userKeyFile) }),
    },
    user: defaultCredentials,
    name,
  };
};

const parse = (url: string, refuse: (problem: string) => ConfigurationError) => {
  try {
    return parser.parseConnectionString(url.replace(SCHEME, 'esdb$1://'));
  } catch {
    throw refuse('cannot be read: write it as esdb://user:password@host:2113?tls=true'); // the client's own message may quote the password
  }
};

const flat = (option: string): string => option.toLowerCase().replace(/[_-]/g, '');
const withoutPassword = (url: string): string => url.replace(/\/\/([^:@/?]*):[^@]*@/, '//$1:***@');
