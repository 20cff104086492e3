import assert from 'node:assert/strict';
import type { RecordedEvent } from '@sagahub/contracts/events.ts';
import type { DeadLetter } from '@sagahub/contracts/messages/dead-letter.ts';
import type { DocumentStore } from '@sagahub/contracts/ports/document-store.ts';
import fc from 'fast-check';
import { ProjectionWriter } from './projection-writer.ts';
import { readProjectionRecord } from './projection-record.ts';
import { ordersProjection } from './projections/index.ts';
import { orderFold } from './projections/order.ts';
import type { OrderDocument } from './projections/order-document.ts';
import { collectionsOf, type Projection } from './projections/projection.ts';
import { attemptFailed, completed, received, recorded, sent, type StoryEvent, told, validated } from './testing/order-story.ts';
import { openSite, type Site } from './testing/site.ts';
import { asStored, variantOf } from './testing/variants.ts';

const RUNS = 30;
const variants = Array.from({ length: RUNS }, (_, run) => variantOf(ordersProjection, `-${run}`));

const by = { by: 'client:operator', reason: 'again' };
const TALES: readonly (readonly StoryEvent[])[] = [
  [...validated, ...completed],
  [...validated, attemptFailed(1), attemptFailed(2), ...completed],
  [
    ...validated,
    told('ErpSubmissionFailed', { deadLetterId: 'L', attempts: 2, reason: 'down', inDoubt: false }),
    told('ErpSubmissionRetried', { deadLetterId: 'L', ...by }),
    sent,
  ],
  [told('StockRejected', { shortages: [] }), told('OrderRejected', { reason: 'stock', compensation: 'none' })],
  [...validated, told('StepFaulted', { step: 'advance', attempt: 3, error: 'bug' })],
];

/** Orders by tale; `undefined`: a stream that no order begins. Letters get ids of their own. */
const storyOf = (index: number, tale: number | undefined): readonly RecordedEvent[] => {
  const id = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
  const events = tale === undefined ? [sent, sent] : [received(id), ...TALES[tale]!];
  const text = JSON.stringify(recorded(`order-${id}`, events), (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));
  return JSON.parse(text.replaceAll('"L"', `"letter-${index}"`)) as RecordedEvent[];
};

/** Interleaves streams by drawing the next one from `draws`; gives positions 1, 2, 3 … */
const logOf = (stories: readonly (readonly RecordedEvent[])[], draws: readonly number[]): readonly RecordedEvent[] => {
  const left = stories.map((story) => [...story]);
  const log: RecordedEvent[] = [];
  for (let turn = 0; left.some((story) => story.length > 0); turn += 1) {
    const going = left.filter((story) => story.length > 0);
    const event = going[(draws[turn % draws.length] ?? 0) % going.length]!.shift()!;
    log.push({ ...event, position: BigInt(log.length + 1) });
  }
  return log;
};

type Mishap = 'none' | 'lost' | 'answer lost' | 'crash';

/** Fails a write on demand: before it took place, or after. */
const unreliable = (documents: DocumentStore): { readonly documents: DocumentStore; fail: 'lost' | 'answer lost' | undefined } => {
  const control: { documents: DocumentStore; fail: 'lost' | 'answer lost' | undefined } = { documents, fail: undefined };
  control.documents = new Proxy(documents, {
    get: (target, member) =>
      member !== 'write'
        ? Reflect.get(target, member).bind(target)
        : async (...args: Parameters<DocumentStore['write']>) => {
            const { fail } = control;
            control.fail = undefined;
            if (fail === 'lost') throw new Error('lost');
            await target.write(...args);
            if (fail) throw new Error('answer lost');
          },
  });
  return control;
};

describe('projection writer', () => {
  let site: Site;
  before(async () => {
    site = await openSite(variants.flatMap(collectionsOf));
  });
  after(() => site[Symbol.asyncDispose]());

  it('makes the same documents however the log is split into batches and wherever a crash falls', async () => {
    let run = 0;
    const tales = fc.array(fc.option(fc.nat(TALES.length - 1), { nil: undefined, freq: 6 }), { minLength: 1, maxLength: 6 });
    const draws = fc.array(fc.nat(5), { minLength: 1, maxLength: 30 });
    const batches = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom<Mishap>('none', 'none', 'lost', 'answer lost', 'crash')),
      {
        minLength: 1,
        maxLength: 20,
      },
    );
    await fc.assert(
      fc.asyncProperty(tales, draws, batches, fc.integer({ min: 1, max: 4 }), async (told_, drawn, splits, hotLimit) => {
        const projection = variants[run]!;
        run += 1;
        const stories = told_.map((tale, index) => storyOf(index, tale));
        await projectWithMishaps(projection, logOf(stories, drawn), splits, hotLimit);
        await assertEqualsFold(projection, stories);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  });

  const projectWithMishaps = async (
    projection: Projection,
    log: readonly RecordedEvent[],
    splits: readonly (readonly [number, Mishap])[],
    hotLimit: number,
  ): Promise<void> => {
    const control = unreliable(site.documents);
    let writer = await ProjectionWriter.open(projection, control.documents, hotLimit);
    for (let turn = 0; writer.checkpoint < log.length; turn += 1) {
      const [size, mishap] = splits[turn] ?? [log.length, 'none'];
      // A subscription begins again behind the checkpoint; an event that is known already does no harm.
      const known = Number(writer.checkpoint);
      const batch = log.slice(Math.max(0, known - 2), known + size);
      control.fail = mishap === 'lost' || mishap === 'answer lost' ? mishap : undefined;
      await writer.write(batch).catch((error: Error) => assert.match(error.message, /lost/));
      if (mishap === 'crash') writer = await ProjectionWriter.open(projection, control.documents, hotLimit);
    }
  };

  const assertEqualsFold = async (projection: Projection, stories: readonly (readonly RecordedEvent[])[]): Promise<void> => {
    const [orders, letters] = projection.collections.map(({ name }) => name) as [string, string];
    const counts: Record<string, number> = {};
    for (const story of stories) {
      const id = story[0]!.stream.slice('order-'.length);
      const stored = await site.documents.get(orders, id);
      if (story[0]!.type !== 'OrderReceived') {
        assert.equal(stored, undefined);
        continue;
      }
      const expected = story.reduce<OrderDocument | undefined>((order, event) => orderFold.apply(order, event), undefined)!;
      assert.deepEqual(stored?.body, asStored(expected));
      assert.equal(stored?.revision, story.length - 1);
      for (const counter of orderFold.tally!(expected)) counts[counter] = (counts[counter] ?? 0) + 1;
      for (const letter of expected.deadLetters) {
        const document = await site.documents.get(letters, letter.deadLetterId);
        assert.deepEqual(document?.body, asStored(letter satisfies DeadLetter));
      }
    }
    const record = await readProjectionRecord(projection.name, site.documents);
    assert.deepEqual(record?.counts, Object.fromEntries(Object.entries(counts).toSorted(([a], [b]) => (a < b ? -1 : 1))));
    const writer = await ProjectionWriter.open(projection, site.documents, 10);
    assert.deepEqual(
      writer.parked
        .list()
        .map(({ stream }) => stream)
        .toSorted(),
      stories
        .filter(([first]) => first!.type !== 'OrderReceived')
        .map(([first]) => first!.stream)
        .toSorted(),
    );
  };
});
