import { explainFailure } from '@sagahub/contracts/testing/failure-context.ts';
import { skip } from '@sagahub/contracts/testing/skip.ts';
import { until } from '@sagahub/hub/harness/until.ts';
import { type EventStoreKind, migrateWith, missingEngines, SharedEngines } from '../../support/engines.ts';
import { type Engines, NetworkedHub } from '../../support/networked-hub.ts';
import { availability as smallDiskMissing } from '../../servers/small-disk.ts';
import { HEALTHY, stockUp } from '../campaign.ts';
import { type Answer, ApiClient } from '@sagahub/hub/harness/api-client.ts';
import { gatherEvidence, type HubFromOutside, STRANGER, type Stranger, type Subscriber, TOLD } from '../evidence.ts';
import { IMPATIENT } from '../fleet.ts';
import { brokenPromises } from '../invariants.ts';
import { type Random, runLoad } from '../load.ts';
import { WebhookReceiver } from '../../support/webhook-receiver.ts';
import { Links } from './links.ts';
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
/** Receivers of webhooks are in this process, too, and a message that met a fault is not to be waited for as long as is usual. */
const WEBHOOKS = {
  HUB_WEBHOOK_ALLOW_HTTP: 'true',
  HUB_WEBHOOK_ALLOWED_NETWORKS: '127.0.0.0/8',
  HUB_WEBHOOK_RETRY_DELAYS: Array.from({ length: 30 }, () => '1s').join(),
};
const PAUSE_MS = 1_200;
/** What must have been accepted before a fault begins, between two, and after the last: then there is load. */
const SOME_ORDERS = 6;

export interface Round {
  /** Of the round's chances; printed, and given by HUB_FAULTS_SEED. */
  readonly seed: number;
  readonly random: Random;
  /** Answers of 500 or more that are no broken promise while the fault lasts. */
  readonly excused: (answer: Answer) => boolean;
  /** Every call is to have an answer. Default false. */
  readonly alwaysThere?: boolean;
  /** Of each sender, between two acts. Default 1,200: ten processes share a machine with others. */
  readonly pauseMs?: number;
}

export interface SiteOptions {
  readonly eventStore: EventStoreKind;
  /** PostgreSQL has a disk of its own that can be filled; by root on Linux only. Default false. */
  readonly smallDisk?: boolean;
  /** Folder of the code that it starts with. Default: this repository. */
  readonly release?: string;
  /** Somebody subscribes to what completes, and must be told. Default false. */
  readonly subscribed?: boolean;
  /** Of its processes, beside what all sites have. */
  readonly env?: (urls: Engines) => Readonly<Record<string, string>>;
}

/** More than the events of a site's life, and little enough to be filled in a moment. */
const SMALL_DISK_MIB = 1_024;

type Parts = Pick<NetworkedSite, 'hub' | 'engines' | 'urls' | 'links'>;

/** A hub of many processes on engines of its own, whose parts fail under load, and whoever looks at it from outside. */
export class NetworkedSite implements HubFromOutside, AsyncDisposable {
  readonly hub: NetworkedHub;
  readonly engines: SharedEngines;
  /** Of its engines themselves, past the proxies. */
  readonly urls: Engines;
  readonly links: Links;
  readonly erp;
  readonly demo;
  readonly operator;
  readonly auditor;
  /** Those who come once the hub is there. */
  stranger: Stranger | undefined;
  subscriber: Subscriber | undefined;
  readonly witness = new Witness();
  /** Broken promises that were told: what one fault broke is not held against the next. */
  readonly #told = new Set<string>();
  readonly #opened: AsyncDisposableStack;

  private constructor(opened: AsyncDisposableStack, { hub, engines, urls, links }: Parts) {
    this.#opened = opened;
    this.hub = hub;
    this.engines = engines;
    this.urls = urls;
    this.links = links;
    this.erp = hub.erp;
    this.demo = hub.client('demo');
    this.operator = hub.client('operator');
    this.auditor = hub.client('auditor');
  }

  static async open({ eventStore, smallDisk = false, subscribed = false, release, env }: SiteOptions): Promise<NetworkedSite> {
    await using opened = new AsyncDisposableStack();
    const engines = opened.use(await SharedEngines.start({ smallDiskMiB: smallDisk ? SMALL_DISK_MIB : undefined }));
    const links = opened.use(new Links());
    const urls = await engines.forOneHub(eventStore, release === undefined ? undefined : migrateWith(release));
    const hub = opened.use(
      await NetworkedHub.start(await links.before(urls), {
        env: { ...IMPATIENT, ...PATIENCE, ...WEBHOOKS, HUB_PARTNER_RATE_LIMIT_PER_MINUTE: '0', ...env?.(urls) },
        ...(release !== undefined && { release }),
        replicas: REPLICAS,
        erp: HEALTHY,
        beforeErp: (url) => links.through('ERP', url),
        clocksCanBeSet: true,
      }),
    );
    const receiver = subscribed ? opened.use(await WebhookReceiver.start()) : undefined;
    const site = new NetworkedSite(opened.move(), { hub, engines, urls, links });
    await stockUp(site);
    site.stranger = { partner: await site.#addStranger(), witness: new Witness() };
    if (receiver) site.subscriber = { receiver, secret: await site.#subscribe(receiver.url(TOLD)) };
    return site;
  }

  async #addStranger(): Promise<ApiClient> {
    const { status, text } = await this.operator.post('/api/v1/admin/partners', { partnerId: STRANGER, name: 'Globex' });
    if (status >= 300) throw new Error(`a new partner was answered ${status}: ${text}`);
    const client = { clientId: `${STRANGER}-shop`, scopes: ['orders:read', 'orders:write'] };
    const { body } = await until(
      'the partner being known at both gateways',
      () => this.operator.post(`/api/v1/admin/partners/${STRANGER}/clients`, client),
      (answer) => answer.status === 201,
    );
    return new ApiClient(() => this.hub.url, body.clientId, body.clientSecret);
  }

  /** @returns the secret that messages are signed with */
  async #subscribe(url: string): Promise<string> {
    const { status, text, body } = await this.demo.post('/api/v1/webhooks', { url, types: ['order.completed'] });
    if (status !== 201) throw new Error(`a subscription was answered ${status}: ${text}`);
    return body.secret;
  }

  get managementUrl(): string {
    return this.hub.managementUrl;
  }
  /** PostgreSQL, as the user who owns the schemas. */
  get ownerUrl(): string {
    return this.urls.HUB_POSTGRES_URL.replace('service@', 'postgres@');
  }

  /** Lets the fault happen under load, waits until the hub has come to rest, and answers the promises it broke. */
  async through(
    fault: (round: Round & { readonly someLoad: () => Promise<void> }) => Promise<void>,
    round: Round,
  ): Promise<readonly string[]> {
    const { seed, random, excused, alwaysThere = false, pauseMs = PAUSE_MS } = round;
    const stop = new AbortController();
    const { demo, operator, witness, stranger } = this;
    const prefix = `S${seed}-${witness.accepted.size}`;
    const load = runLoad({
      demo,
      operator,
      witness,
      stranger,
      random,
      prefix,
      signal: stop.signal,
      excused,
      alwaysThere,
      pauseMs,
    });
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
    return this.promisesBroken();
  }

  /** Once everything has come to its end; each is told once. */
  async promisesBroken(): Promise<readonly string[]> {
    await this.erp.behave(HEALTHY);
    const broken = brokenPromises(await gatherEvidence(this, this.witness, REST_LIMIT_MS)).filter((promise) => !this.#told.has(promise));
    for (const promise of broken) this.#told.add(promise);
    return broken;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }
}

/** What tests see of a site that is started before the first of them. */
export interface HeldSite {
  readonly site: NetworkedSite;
}

const heldBy = (open: (context: Mocha.Context) => Promise<NetworkedSite>): HeldSite => {
  const holder: { site: NetworkedSite } = { site: undefined as unknown as NetworkedSite };
  before(async function () {
    this.timeout(START_LIMIT_MS);
    const missing = missingEngines();
    if (missing.length > 0) skip(this, missing.join('; '));
    holder.site = await open(this);
  });
  afterEach(function () {
    explainFailure(this, () => `the processes printed at the end:\n${holder.site?.hub.output}`);
  });
  return holder;
};

/**
 * One site for all tests of a `describe`; they are skipped where an engine is missing.
 * @param more asked for before anything is started; may skip
 */
export const networkedSite = (
  eventStore: EventStoreKind,
  more: (context: Mocha.Context) => Partial<SiteOptions> = () => ({}),
): HeldSite => {
  const held = heldBy((context) => NetworkedSite.open({ eventStore, ...more(context) }));
  after(async function () {
    this.timeout(START_LIMIT_MS);
    await held.site?.[Symbol.asyncDispose]();
  });
  return held;
};

let shared: Promise<NetworkedSite> | undefined;

/** One site for all the `describe`s of a run that ask for nothing of their own: starting one costs more than most of their tests. PostgreSQL has a disk of its own if it can. */
export const sharedSite = (): HeldSite =>
  heldBy((context) => {
    shared ??= disposedAtTheEnd(context, NetworkedSite.open({ eventStore: 'postgres', smallDisk: smallDiskMissing() === undefined }));
    return shared;
  });

const disposedAtTheEnd = ({ test }: Mocha.Context, opened: Promise<NetworkedSite>): Promise<NetworkedSite> => {
  let suite = test?.parent;
  while (suite?.parent) suite = suite.parent;
  suite?.afterAll(async function () {
    this.timeout(START_LIMIT_MS);
    await (await opened)[Symbol.asyncDispose]();
  });
  return opened;
};
