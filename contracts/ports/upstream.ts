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
  /** Until the status line; a body that streams may take as long as it likes. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** The replicas of one service, over kept-alive connections. */
export interface Upstream extends AsyncDisposable {
  readonly name: string;
  /**
   * The service's own answer, whatever its status. A replica that cannot be reached is skipped, and so is one that drops a repeatable
   * request.
   * @throws UnavailableError no replica answered
   */
  send(request: UpstreamRequest): Promise<ApiResponse>;
}
