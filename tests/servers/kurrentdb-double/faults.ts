import grpc from '@grpc/grpc-js';
import { failure } from './wire.ts';

export interface Failure {
  readonly code: grpc.status;
  readonly details: string;
  readonly trailers?: Readonly<Record<string, string>>;
}

/** What goes wrong on purpose. Counts go down to 0 as they are used up. */
export class Faults {
  /** So many appends are written, and never answered. */
  lostReplies = 0;
  /** So many requests to append are read, and nothing else: neither written nor answered. */
  lostRequests = 0;
  /** So many replies to appends come late, by {@link replyDelayMs}. */
  delayedReplies = 0;
  replyDelayMs = 0;
  /** Calls that need the leader fail so often, naming it. */
  notLeader = 0;
  /** The next calls fail with these, one each. */
  readonly failures: Failure[] = [];
  /** So many appends are refused with "Server Is Busy". */
  busy = 0;
  /** The look-up of what the server can do. */
  serverFeatures: 'answered' | 'silent' | 'failing' = 'answered';
  /** Refuses calls without credentials. */
  requiresCredentials = false;

  /** The status that a call is to fail with. */
  refusal(call: { readonly metadata: grpc.Metadata }, needsLeader: boolean, port: number): grpc.ServiceError | undefined {
    const next = this.failures.shift();
    if (next) return failure(next.code, next.details, next.trailers);
    if (this.requiresCredentials && call.metadata.get('authorization').length === 0)
      return failure(grpc.status.PERMISSION_DENIED, 'Access Denied', { exception: 'access-denied' });
    if (needsLeader && this.take('notLeader'))
      return failure(grpc.status.NOT_FOUND, 'Leader info available', {
        exception: 'not-leader',
        'leader-endpoint-host': '127.0.0.1',
        'leader-endpoint-port': String(port),
      });
    return undefined;
  }

  take(fault: 'lostReplies' | 'lostRequests' | 'delayedReplies' | 'notLeader' | 'busy'): boolean {
    if (this[fault] === 0) return false;
    this[fault] -= 1;
    return true;
  }
}
