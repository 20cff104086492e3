import { EventStoreDBClient } from '@eventstore/db-client';
import streamsGrpc from '@eventstore/db-client/generated/streams_grpc_pb.js';
import type streamsPb from '@eventstore/db-client/generated/streams_pb.js';
import type { Connection } from './connection-url.ts';

export type AppendCall = ReturnType<InstanceType<typeof streamsGrpc.StreamsClient>['batchAppend']>;
export type ReadCall = ReturnType<InstanceType<typeof streamsGrpc.StreamsClient>['read']>;

/**
 * The official client, of which we use the connection: discovery, credentials, keep-alive, reconnection, the way to the leader. The calls
 * themselves are made here, over the client's own protocol definitions, because of what its methods do:
 *
 * | the client's method | does | so that |
 * |---|---|---|
 * | `appendToStream` | keeps the appends in flight of *all* connections of the process in one map, and empties it when any stream fails | a reply that comes afterwards ends the process (`TypeError` in an event handler) |
 * | | has no deadline, be it for the append or for asking the server what it can do | a lost reply is waited for without end |
 * | | remembers that asking failed | every later append fails |
 * | `readStream`, `readAll`, `subscribeToAll` | parse JSON data | the exact bytes, which are hashed, are gone |
 * | `readAll` | cannot filter | a rare category costs a read of the whole log |
 * | | says nothing when it is cancelled from elsewhere | a read waits without end |
 */
export class KurrentClient extends EventStoreDBClient {
  constructor({ settings, channel, user }: Connection) {
    super(settings, channel, user);
    // It is called without being waited for; when discovery fails at that moment, its rejection would end the process.
    const { handleError } = this;
    this.handleError = (client, error) => handleError(client, error).catch(() => {});
  }

  /** One call for many appends. Ends only by an error, or when it is cancelled. */
  openAppends(): Promise<AppendCall> {
    return this.GRPCStreamCreator(streamsGrpc.StreamsClient, 'batchAppend', (client) =>
      client.batchAppend(...this.callArguments({}, { deadline: Number.POSITIVE_INFINITY })),
    )();
  }

  /**
   * What has an end comes from the leader: another node of a cluster may be behind, and who believes it takes what is there for lost.
   * @param deadlineMs for the whole of it; a subscription has none
   */
  openRead(request: streamsPb.ReadReq, deadlineMs?: number): Promise<ReadCall> {
    const args =
      deadlineMs === undefined
        ? this.callArguments({}, { deadline: Number.POSITIVE_INFINITY })
        : this.callArguments({ deadline: deadlineMs, requiresLeader: true });
    return this.GRPCStreamCreator(streamsGrpc.StreamsClient, 'read', (client) => client.read(request, ...args))();
  }

  /** Ends all calls, and the connection too, which `dispose` alone leaves open. */
  async close(): Promise<void> {
    await this.dispose();
    await this.getChannel().then(
      (channel) => channel.close(),
      () => {},
    );
  }
}
