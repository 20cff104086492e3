import { explainFailure } from '@sagahub/contracts/testing/failure-context.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import type { Answer } from '@sagahub/hub/harness/api-client.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { type EventStoreKind, missingEngines, SharedEngines } from '../../support/engines.ts';
import { NetworkedHub } from '../../support/networked-hub.ts';
import { HEALTHY, stockUp } from '../campaign.ts';
import { gatherEvidence, type HubFromOutside } from '../evidence.ts';
import { IMPATIENT } from '../fleet.ts';
import { brokenPromises } from '../invariants.ts';
import { type Random, runLoad } from '../load.ts';
import { Witness } from '../witness.ts';

/** Of every service, and of the gateway. */
export const REPLICAS = 2;
/** Starting engines and ten processes, on a machine that does something else too. */
const START_LIMIT_MS = 180_000;
/** Of one test; only bounds a failing one. */
export const TEST_LIMIT_MS = 420_000;
/** Until everything has come to its end, where ten processes share a machine with others. */
const REST_LIMIT_MS = 240_000;
/** An ERP that lives in this process, beside the senders, needs a moment longer to answer. */
const PATIENCE = { HUB_ERP_TIMEOUT: '2s', HUB_ERP_SETTLE: '2500ms' };
/** What must have been accepted before a fault begins, between two, and after the last: then there is load. */
const SOME_ORDERS = 15;

export interface Round {
  /** Of the round's chances; printed, and given by HUB_FAULTS_SEED. */
  readonly seed: number;
  readonly random: Random;
  /** Answers of 500 or more that are no broken promise while the fault lasts. */
  readonly excused: (answer: Answer) => boolean;
  /** Every call is to have an answer. Default false. */
  readonly alwaysThere?: boolean;
}

/** A hub of many processes on engines of its own, whose parts fail under load, and whoever looks at it from outside. */
export class NetworkedSite implements HubFromOutside {
  readonly hub: NetworkedHub;
  readonly engines: SharedEngines;
  readonly erp;
  readonly demo;
  readonly operator;
  readonly auditor;
  readonly witness = new Witness();

  constructor(hub: NetworkedHub, engines: SharedEngines) {
    this.hub = hub;
    this.engines = engines;
    this.erp = hub.erp;
    this.demo = hub.client('demo');
    this.operator = hub.client('operator');
    this.auditor = hub.client('auditor');
  }

  get managementUrl(): string {
    return this.hub.managementUrl;
  }

  /** Lets the fault happen under load, waits until the hub has come to rest, and answers the promises it broke. */
  async through(
    fault: (round: Round & { readonly someLoad: () => Promise<void> }) => Promise<void>,
    round: Round,
  ): Promise<readonly string[]> {
    const { seed, random, excused, alwaysThere = false } = round;
    const stop = new AbortController();
    const { demo, operator, witness } = this;
    const prefix = `S${seed}-${witness.accepted.size}`;
    const load = runLoad({ demo, operator, witness, random, prefix, signal: stop.signal, excused, alwaysThere });
    const someLoad = async (): Promise<void> => {
      const enough = witness.accepted.size + SOME_ORDERS;
      await until(
        'orders being accepted',
        async () => witness.accepted.size,
        (accepted) => accepted >= enough,
      );
    };
    try {
      await someLoad();
      await fault({ ...round, someLoad });
      await someLoad();
    } finally {
      stop.abort();
      await load;
    }
    await this.erp.behave(HEALTHY);
    return brokenPromises(await gatherEvidence(this, witness, REST_LIMIT_MS));
  }
}

/** One site for all tests of a `describe`; they are skipped where an engine is missing. */
export const networkedSite = (eventStore: EventStoreKind): { readonly site: NetworkedSite } => {
  const opened = new AsyncDisposableStack();
  const holder: { site: NetworkedSite } = { site: undefined as unknown as NetworkedSite };
  before(async function () {
    this.timeout(START_LIMIT_MS);
    const missing = missingEngines();
    if (missing.length > 0) skip(this, missing.join('; '));
    const engines = opened.use(await SharedEngines.start());
    const env = { ...IMPATIENT, ...PATIENCE, HUB_PARTNER_RATE_LIMIT_PER_MINUTE: '0' };
    const hub = opened.use(await NetworkedHub.start(await engines.forOneHub(eventStore), { env, replicas: REPLICAS, erp: HEALTHY }));
    holder.site = new NetworkedSite(hub, engines);
    await stockUp(holder.site);
  });
  after(async function () {
    this.timeout(START_LIMIT_MS);
    await opened.disposeAsync();
  });
  afterEach(function () {
    explainFailure(this, () => `the processes printed at the end:\n${holder.site?.hub.output}`);
  });
  return holder;
};
