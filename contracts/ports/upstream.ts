import type { ApiResponse } from '../api/route.ts';

/** A request as it is passed on to a service behind the gateway. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** May it be sent a second time when nobody knows whether the first one was carried out? */
  readonly repeatable: boolean;
  /** Answered within moments by whoever is well. Where it may be repeated too, another replica is asked after that. Default false. */
  readonly quick?: boolean;
  /** Until the status line; a body that streams may take as long as it likes. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The replicas of one service, over kept-alive connections. */
export interface Upstream extends AsyncDisposable {
  readonly name: string;
  /**
   * The service's own answer, whatever its status. A replica that cannot be reached is skipped, and so is one that drops a repeatable
   * request, or is silent about one that is quick too: that one gets nothing more for a while, unless all are.
   * @throws UnavailableError no replica answered
   */
  send(request: UpstreamRequest): Promise<ApiResponse>;
}
