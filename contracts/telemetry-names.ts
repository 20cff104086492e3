/**
 * Every metric and span the hub emits, as data: `adapters/telemetry` registers instruments from it, and tests compare dashboards and
 * alert rules with it. Use: `telemetry.counter(METRICS.sagaStarted.name).add(1, { saga: 'order' })`.
 *
 * A label is never an id (order, partner, SKU): its values must be few and known.
 */
export interface MetricSpec {
  /** OpenTelemetry name; {@link prometheusName} is what a scrape shows. */
  readonly name: string;
  readonly kind: 'counter' | 'histogram' | 'gauge';
  /** UCUM: `s`, `By`, `1` (ratio); `{thing}` counts things and leaves no suffix. */
  readonly unit: string;
  readonly help: string;
  /** Attributes the instrument takes. */
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, ascending. */
  readonly buckets?: readonly number[];
}

/** Semantic conventions: HTTP. */
const HTTP_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
/** Semantic conventions: database, with a finer low end for a store in the same process. */
const STORE_SECONDS = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
/** A flow may take milliseconds, or days when its third party is away. */
const FLOW_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400, 259_200];

const counter = <const Name extends string>(name: Name, unit: string, help: string, ...labels: readonly string[]) =>
  ({ name, kind: 'counter', unit, help, labels }) as const;
const gauge = <const Name extends string>(name: Name, unit: string, help: string, ...labels: readonly string[]) =>
  ({ name, kind: 'gauge', unit, help, labels }) as const;
const seconds = <const Name extends string>(name: Name, buckets: readonly number[], help: string, ...labels: readonly string[]) =>
  ({ name, kind: 'histogram', unit: 's', help, labels, buckets }) as const;

export const METRICS = {
  httpServerDuration: seconds(
    'http.server.request.duration',
    HTTP_SECONDS,
    'Requests served, by route.',
    'http.request.method',
    'http.route',
    'http.response.status_code',
  ),
  httpServerActive: gauge('http.server.active_requests', '{request}', 'Requests being served now.'),
  rpcServerDuration: seconds('rpc.server.call.duration', HTTP_SECONDS, 'gRPC calls served, by method.', 'rpc.method', 'rpc.status_code'),
  httpClientDuration: seconds(
    'http.client.request.duration',
    HTTP_SECONDS,
    'Requests made to third parties; no status code means no answer, and error.type says why.',
    'http.request.method',
    'server.address',
    'http.response.status_code',
    'error.type',
  ),

  intakeReceived: counter('hub.intake.received', '{object}', 'Accepted for the first time, by flow.', 'flow', 'channel'),
  intakeReplayed: counter('hub.intake.replayed', '{object}', 'Repeats answered with the first answer.', 'flow', 'channel'),
  intakeRefused: counter('hub.intake.refused', '{object}', 'Not accepted, by error code.', 'flow', 'channel', 'code'),
  intakeShed: counter(
    'hub.intake.shed',
    '{request}',
    'Requests refused unread because more came than could be taken: overloaded, or fair-share of the partner who sent most.',
    'reason',
  ),
  intakeLimit: gauge('hub.intake.limit', '{request}', 'Intake requests that may be carried out at once at present.'),
  intakeInFlight: gauge('hub.intake.in_flight', '{request}', 'Intake requests being carried out.'),
  intakeWaiting: gauge('hub.intake.waiting', '{request}', 'Intake requests that wait for their turn.'),
  ordersReceived: counter('hub.orders.received', '{order}', 'Orders accepted for the first time.', 'channel'),
  ordersReplayed: counter('hub.orders.replayed', '{order}', 'Repeats answered with the first answer.', 'channel'),
  ordersRefused: counter('hub.orders.refused', '{order}', 'Orders not accepted, by error code.', 'channel', 'code'),
  workInFlight: gauge(
    'hub.work.in_flight',
    '{object}',
    'Objects that have not ended, of the first 1,000 of each flow, by what they wait for.',
    'flow',
    'state',
    'cause',
  ),
  workOldestAge: gauge('hub.work.oldest.age', 's', 'For how long the oldest of them has been waiting.', 'flow', 'state', 'cause'),
  ordersStuck: gauge('hub.orders.stuck', '{order}', 'Orders that only an operator can move on.'),
  ordersInFlight: gauge(
    'hub.orders.in_flight',
    '{order}',
    'Orders that have not ended, of the first 1,000, by what they wait for.',
    'state',
    'cause',
  ),
  ordersOldestAge: gauge('hub.orders.oldest.age', 's', 'For how long the oldest of them has been waiting.', 'state', 'cause'),
  ordersOverdue: gauge('hub.orders.overdue', '{order}', 'Orders in flight that were flagged as overdue at the ERP.'),

  sagaStarted: counter('hub.saga.started', '{saga}', 'Business objects whose flow began.', 'saga'),
  sagaCompleted: counter('hub.saga.completed', '{saga}', 'Business objects whose flow ended.', 'saga', 'outcome'),
  sagaDuration: seconds('hub.saga.duration', FLOW_SECONDS, 'From the first event to the end.', 'saga', 'outcome'),
  sagaStepDuration: seconds('hub.saga.step.duration', FLOW_SECONDS, 'From a step becoming pending to its outcome.', 'saga', 'step'),
  sagaStepRetries: counter('hub.saga.step.retries', '{retry}', 'Steps that became due again after a failure.', 'saga', 'step'),
  sagaStepFaults: counter('hub.saga.step.faults', '{fault}', 'Handlers that threw (StepFaulted).', 'saga', 'step'),
  sagaStates: gauge('hub.saga.states', '{saga}', 'Business objects by state of their saga.', 'saga', 'state'),

  hintsBacklog: gauge(
    'hub.hints.backlog',
    '{hint}',
    'Hints published and not yet handed to a worker; over RabbitMQ the messages that carry them, up to ten each.',
    'queue',
  ),
  openWork: gauge('hub.open_work', '{item}', 'Pending steps.', 'queue'),
  openWorkDue: gauge('hub.open_work.due', '{item}', 'Pending steps that could be worked on now.', 'queue'),
  openWorkOldestAge: gauge('hub.open_work.oldest.age', 's', 'How long the oldest pending step has been waiting.', 'queue'),
  openWorkOldestOverdue: gauge(
    'hub.open_work.oldest.overdue',
    's',
    'How long ago the oldest due step fell due; 0 when nothing is due.',
    'queue',
  ),

  leader: gauge('hub.leader', '{state}', '1: this process leads; 0: it would, and another one does or nobody can.', 'leadership'),
  leaderEpoch: gauge('hub.leader.epoch', '{term}', 'Of the term in hand, where this process leads; each takeover raises it.', 'leadership'),

  projectionLag: gauge('hub.projection.lag', '{event}', 'Events of the log not yet projected.', 'projection'),
  projectionLagSeconds: gauge(
    'hub.projection.lag.seconds',
    's',
    'Age of the oldest event not yet projected; 0 when there is none.',
    'projection',
  ),
  projectionParked: gauge(
    'hub.projection.parked',
    '{stream}',
    'Streams set aside because one of their events cannot be projected.',
    'projection',
  ),

  breakerState: gauge('hub.breaker.state', '{state}', '0 closed, 1 half-open, 2 open.', 'connector'),
  connectorCalls: counter(
    'hub.connector.calls',
    '{call}',
    'Calls to third parties by what came of them.',
    'connector',
    'operation',
    'outcome',
  ),
  connectorCallDuration: seconds('hub.connector.call.duration', HTTP_SECONDS, 'Calls to third parties.', 'connector', 'operation'),
  connectorRetries: counter('hub.connector.retries', '{retry}', 'Attempts behind the first.', 'connector', 'operation'),
  alerts: counter('hub.alerts', '{attempt}', 'Attempts to tell somebody of what got stuck or overdue.', 'outcome'),
  redriveItems: counter('hub.redrive.items', '{item}', 'Items of redrive jobs by what became of them.', 'outcome'),
  deadLetters: gauge('hub.dead_letters', '{letter}', 'Open dead letters.', 'origin'),

  webhookAttempts: counter('hub.webhook.attempts', '{attempt}', 'Attempts at webhook messages by what came of them.', 'outcome'),
  webhookAttemptDuration: seconds('hub.webhook.attempt.duration', HTTP_SECONDS, 'Attempts at webhook messages.', 'outcome'),
  webhookFirstAttemptDelay: seconds(
    'hub.webhook.first_attempt.delay',
    FLOW_SECONDS,
    'From what happened to the first attempt to tell a subscriber.',
  ),
  webhookSubscriptions: gauge(
    'hub.webhook.subscriptions',
    '{subscription}',
    'Webhook subscriptions: enabled, failing (enabled, and its endpoint takes nothing), disabled by hand, gone or for failing.',
    'state',
  ),

  consumerWaiting: gauge('hub.consumer.waiting', '{event}', 'Events in the queue of a consumer that nobody has in hand.', 'consumer'),
  consumerOldestAge: gauge(
    'hub.consumer.oldest.age',
    's',
    'For how long the oldest event in the queue of a consumer has been there.',
    'consumer',
  ),
  consumerBehind: gauge(
    'hub.consumer.behind',
    '{state}',
    '0: all events are in the queue of the consumer; 1: it is behind: its queue is full, gone, or being filled from the log.',
    'consumer',
  ),

  eventStoreAppendDuration: seconds(
    'hub.event_store.append.duration',
    STORE_SECONDS,
    'Appends until durable; outcome is ok, conflict, full or error.',
    'outcome',
  ),
  eventStoreEvents: counter('hub.event_store.events', '{event}', 'Events written.', 'category'),
  storeCallDuration: seconds('hub.store.call.duration', STORE_SECONDS, 'Calls to the other stores.', 'store', 'operation', 'outcome'),
  diskFree: gauge('hub.disk.free', 'By', 'Space left for the data folder.'),

  eventLoopDelay: gauge('nodejs.eventloop.delay', 's', 'Event loop delay since the last scrape.', 'quantile'),
  eventLoopUtilization: gauge('nodejs.eventloop.utilization', '1', 'Share of time the event loop was busy since the last scrape.'),
  processCpu: counter('process.cpu.time', 's', 'CPU time used by this process.', 'cpu.mode'),
  processMemory: gauge('process.memory.usage', 'By', 'Resident memory of this process.'),
  heapUsed: gauge('v8js.memory.heap.used', 'By', 'JavaScript heap in use.'),
  processUptime: gauge('process.uptime', 's', 'Since this process started.'),
} as const satisfies Readonly<Record<string, MetricSpec>>;

export interface SpanSpec {
  readonly name: string;
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  readonly help: string;
  readonly attributes: readonly string[];
}
const HTTP = ['http.request.method', 'http.response.status_code', 'error.type'];

/** Ids are welcome on spans. `{…}` is filled in by whoever starts the span, from values that are few. */
export const SPANS = {
  httpServer: {
    name: '{http.request.method} {http.route}',
    kind: 'server',
    help: 'One request.',
    attributes: ['http.route', 'url.path', ...HTTP],
  },
  rpcServer: {
    name: '{rpc.method}',
    kind: 'server',
    help: 'One gRPC call.',
    attributes: ['rpc.system.name', 'rpc.method', 'rpc.status_code'],
  },
  httpClient: {
    name: '{http.request.method}',
    kind: 'client',
    help: 'One request to a third party.',
    attributes: ['server.address', 'url.full', ...HTTP],
  },
  intake: {
    name: 'hub.intake',
    kind: 'internal',
    help: 'Validate, seal, append.',
    attributes: ['hub.flow', 'hub.stream', 'hub.partner_id'],
  },
  sagaAdvance: {
    name: 'hub.saga.advance',
    kind: 'internal',
    help: 'Load, decide, ask participants, append.',
    attributes: ['hub.saga', 'hub.stream', 'hub.step', 'hub.state'],
  },
  eventStoreAppend: {
    name: 'hub.event_store.append',
    kind: 'client',
    help: 'One append until durable.',
    attributes: ['hub.stream', 'hub.revision', 'hub.events'],
  },
  connectorCall: {
    name: 'hub.connector.call',
    kind: 'client',
    help: 'One attempt at a third party, look-ups before it included.',
    attributes: ['hub.connector', 'hub.operation', 'hub.attempt', 'hub.outcome', 'hub.stream'],
  },
  webhookAttempt: {
    name: 'hub.webhook.attempt',
    kind: 'client',
    help: 'One attempt at a webhook message.',
    attributes: ['hub.webhook.type', 'hub.attempt', 'hub.outcome', 'hub.stream'],
  },
  projectionBatch: {
    name: 'hub.projection.batch',
    kind: 'consumer',
    help: 'One batch of events projected.',
    attributes: ['hub.projection', 'hub.events'],
  },
} as const satisfies Readonly<Record<string, SpanSpec>>;

const SUFFIX: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes', '1': '_ratio' };

/** The OpenTelemetry rules: dots become `_`, the unit's word is added unless it is there already, counters end in `_total`. */
export const prometheusName = (metric: MetricSpec): string => {
  const name = metric.name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
  const suffix = SUFFIX[metric.unit] ?? '';
  return `${name.endsWith(suffix) ? name : name + suffix}${metric.kind === 'counter' ? '_total' : ''}`;
};
export const prometheusLabel = (label: string): string => label.replaceAll(/[^a-zA-Z0-9_]/g, '_');

/** The names a scrape shows for it: a histogram is three series. */
export const prometheusSeries = (metric: MetricSpec): readonly string[] => {
  const name = prometheusName(metric);
  return metric.kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
};
