import { randomUUID } from 'node:crypto';
import grpc from '@grpc/grpc-js';
import featuresGrpc from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import featuresPb from '@eventstore/db-client/generated/serverfeatures_pb.js';
import gossipGrpc from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import gossipPb from '@eventstore/db-client/generated/gossip_pb.js';
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { freePort } from '../local-server.ts';
import { appendCalls } from './append-calls.ts';
import { Faults } from './faults.ts';
import { DoubleLog } from './log.ts';
import { type OpenSubscription, readCalls } from './read-calls.ts';
import { failure, structured } from './wire.ts';

export interface DoubleOptions {
  /** PEM. Without it the double speaks plain text. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/**
 * A double of KurrentDB: a gRPC server over the protocol definitions that `@eventstore/db-client` brings, with the log in memory. It speaks
 * the protocol as the real server does where we know how it does, and is strict about its limits; it is no proof that the real server agrees
 * (`docs/compatibility.md`). Not in it: deleting and stream metadata over the protocol, links, access lists, persistent subscriptions,
 * projections, more than one node.
 */
export interface KurrentDbDouble extends AsyncDisposable {
  /** e.g. `esdb://127.0.0.1:41234?tls=false`; stays the same over {@link restart}. */
  readonly url: string;
  readonly port: number;
  readonly log: DoubleLog;
  readonly faults: Faults;
  /** How often each call was made: `append`, `batchAppend` (streams of appends), `readAll`, `readStream`, `subscribe`, `serverFeatures`, `gossip`. */
  readonly calls: Readonly<Record<string, number>>;
  readonly subscriptions: ReadonlySet<OpenSubscription>;
  /** Cuts every connection, without a word, and goes on listening. */
  dropConnections(): Promise<void>;
  /** Cuts every connection and stops listening. The log is kept, as a disk would. */
  kill(): void;
  /** Listens again, on the same port. */
  restart(): Promise<void>;
}

export const startKurrentDbDouble = async ({ tls }: DoubleOptions = {}): Promise<KurrentDbDouble> => {
  const log = new DoubleLog();
  const faults = new Faults();
  const calls: Record<string, number> = {};
  const subscriptions = new Set<OpenSubscription>();
  const count = (call: string): void => {
    calls[call] = (calls[call] ?? 0) + 1;
  };
  const port = await freePort();
  const services = [
    {
      definition: streamsGrpc.StreamsService,
      implementation: {
        ...readCalls(log, faults, subscriptions, count, () => port),
        ...appendCalls(log, faults, count, () => port),
        delete: unimplemented,
        tombstone: unimplemented,
      },
    },
    {
      definition: featuresGrpc.ServerFeaturesService,
      implementation: {
        getSupportedMethods: (_call: unknown, reply: grpc.sendUnaryData<featuresPb.SupportedMethods>) => {
          count('serverFeatures');
          if (faults.serverFeatures === 'failing') reply(failure(grpc.status.INTERNAL, 'no features'));
          if (faults.serverFeatures === 'answered') reply(null, supportedMethods());
        },
      },
    },
    {
      definition: gossipGrpc.GossipService,
      implementation: {
        read: (_call: unknown, reply: grpc.sendUnaryData<gossipPb.ClusterInfo>) => {
          count('gossip');
          reply(null, clusterOf(port));
        },
      },
    },
  ];
  const credentials = tls
    ? grpc.ServerCredentials.createSsl(null, [{ private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) }])
    : grpc.ServerCredentials.createInsecure();

  const listen = async (): Promise<grpc.Server> => {
    const server = new grpc.Server({ 'grpc.max_receive_message_length': 17 * 1024 * 1024 });
    for (const { definition, implementation } of services) server.addService(definition, implementation);
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(`127.0.0.1:${port}`, credentials, (error) => (error ? reject(error) : resolve()));
    });
    return server;
  };
  let server = await listen();

  const kill = (): void => {
    server.forceShutdown();
    subscriptions.clear();
  };
  const restart = async (): Promise<void> => {
    server = await listen();
  };
  return {
    url: `esdb://${tls ? 'localhost' : '127.0.0.1'}:${port}?tls=${tls ? 'true' : 'false'}`,
    port,
    log,
    faults,
    calls,
    subscriptions,
    kill,
    restart,
    dropConnections: async () => {
      kill();
      await restart();
    },
    [Symbol.asyncDispose]: async () => kill(),
  };
};

const unimplemented = (_call: unknown, reply: grpc.sendUnaryData<unknown>): void =>
  reply(failure(grpc.status.UNIMPLEMENTED, 'the double does not do this'));

const supportedMethods = (): featuresPb.SupportedMethods => {
  const method = (name: string, ...features: string[]) =>
    new featuresPb.SupportedMethod().setServiceName('event_store.client.streams.streams').setMethodName(name).setFeaturesList(features);
  return new featuresPb.SupportedMethods()
    .setEventStoreServerVersion('23.10.0')
    .setMethodsList([
      method('read', 'position', 'events', 'stream', 'all', 'filtered'),
      method('append'),
      method('batchappend', 'deadline_duration'),
    ]);
};

const clusterOf = (port: number): gossipPb.ClusterInfo =>
  new gossipPb.ClusterInfo().setMembersList([
    new gossipPb.MemberInfo()
      .setInstanceId(structured(randomUUID()))
      .setTimeStamp(String(BigInt(Date.now()) * 10_000n))
      .setState(gossipPb.MemberInfo.VNodeState.LEADER)
      .setIsAlive(true)
      .setHttpEndPoint(new gossipPb.EndPoint().setAddress('127.0.0.1').setPort(port)),
  ]);
