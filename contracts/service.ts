import type { Route } from './api/route.ts';
import type { Clock } from './ports/clock.ts';
import type { DiscountHolds } from './ports/discounts.ts';
import type { DocumentStore } from './ports/document-store.ts';
import type { EventStore } from './ports/event-store.ts';
import type { KeyStore } from './ports/key-store.ts';
import type { KeyValue } from './ports/key-value.ts';
import type { Leadership } from './ports/leadership.ts';
import type { MessageBus } from './ports/message-bus.ts';
import type { OpenWork } from './ports/open-work.ts';
import type { StockHolds } from './ports/stock.ts';
import type { Telemetry } from './ports/telemetry.ts';

/** Everything a service may need from outside; the composition root opens it, a service picks what it uses. */
export interface Ports {
  readonly store: EventStore;
  readonly openWork: OpenWork;
  readonly stock: StockHolds;
  readonly discounts: DiscountHolds;
  readonly bus: MessageBus;
  readonly leadership: Leadership;
  readonly documents: DocumentStore;
  readonly keys: KeyStore;
  readonly cache: KeyValue;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export interface HealthCheck {
  /** `component:measurement`, e.g. `event-store:append`. */
  readonly name: string;
  readonly status: 'pass' | 'warn' | 'fail';
  readonly output?: string;
  readonly observedValue?: number;
  readonly observedUnit?: string;
}

/** What `startX(config, ports)` gives back. Disposing drains: no new work, what is in hand is finished. */
export interface Service extends AsyncDisposable {
  readonly name: string;
  /** Served by the gateway, as the public API. */
  readonly routes: readonly Route[];
  /** Served on the management port alone. */
  readonly managementRoutes?: readonly Route[];
  /** For `/health/ready`; a `fail` takes the process out of rotation, a `warn` does not. */
  health(): Promise<readonly HealthCheck[]>;
}
