import assert from 'node:assert/strict';
import { eventually } from '../testing/eventually.ts';
import type { Leadership, Term } from './leadership.ts';

export interface LeadershipHarness extends AsyncDisposable {
  /** Another member of the same electorate: another process, as far as the adapter can tell. The in-process one has a single member. */
  join(): Promise<Leadership>;
}

/** Leads until the term is over, and tells what happens. */
const candidate = (leadership: Leadership, name: string) => {
  const terms: Term[] = [];
  let atWork = 0;
  const candidacy = leadership.lead(name, async (term) => {
    terms.push(term);
    atWork += 1;
    await new Promise<void>((resolve) => term.signal.addEventListener('abort', () => resolve(), { once: true }));
    atWork -= 1;
  });
  return {
    candidacy,
    terms,
    get atWork() {
      return atWork;
    },
  };
};

/** Everything `leadership.ts` promises. What only stores can refuse (a superseded term) is in their own contracts. */
export const leadershipContract = (adapter: string, open: () => Promise<LeadershipHarness>) =>
  describe(`Leadership contract: ${adapter}`, () => {
    it('lets one candidate of a name lead, and the next one when it leaves, in a later term', async () => {
      await using harness = await open();
      const leadership = await harness.join();
      const first = candidate(leadership, 'relay');
      await eventually('the first leads', () => first.atWork === 1);
      const second = candidate(leadership, 'relay');
      assert.equal(first.candidacy.term, first.terms[0]);
      assert.equal(second.candidacy.term, undefined);
      await first.candidacy[Symbol.asyncDispose]();
      assert.equal(first.atWork, 0, 'it waited for the work to end');
      assert.equal(first.terms[0]?.signal.aborted, true);
      assert.equal(first.candidacy.term, undefined);
      await eventually('the second leads', () => second.atWork === 1);
      assert.ok((second.terms[0]?.epoch ?? 0n) > (first.terms[0]?.epoch ?? 0n));
      assert.equal(first.terms.length, 1);
    });

    it('elects for each name on its own', async () => {
      await using harness = await open();
      const leadership = await harness.join();
      const [relay, sequencer] = [candidate(leadership, 'relay'), candidate(leadership, 'sequencer')];
      await eventually('both lead', () => relay.atWork === 1 && sequencer.atWork === 1);
      await relay.candidacy[Symbol.asyncDispose]();
      assert.equal(sequencer.atWork, 1);
      assert.equal(sequencer.candidacy.term?.name, 'sequencer');
    });

    it('runs again after the work ended early, be it by an error', async () => {
      await using harness = await open();
      const leadership = await harness.join();
      const terms: Term[] = [];
      leadership.lead('relay', async (term) => {
        terms.push(term);
        if (terms.length < 2) throw new Error('stumbled');
        await new Promise<void>((resolve) => term.signal.addEventListener('abort', () => resolve(), { once: true }));
      });
      await eventually('it leads once more', () => terms.length === 2);
      assert.ok(terms[0]?.signal.aborted && !terms[1]?.signal.aborted);
      assert.ok((terms[0]?.epoch ?? 0n) < (terms[1]?.epoch ?? 0n));
    });

    it('gives up every lead when closed', async () => {
      await using harness = await open();
      const leadership = await harness.join();
      const [relay, waiting] = [candidate(leadership, 'relay'), candidate(leadership, 'relay')];
      await eventually('one leads', () => relay.atWork + waiting.atWork === 1);
      await leadership[Symbol.asyncDispose]();
      assert.equal(relay.atWork + waiting.atWork, 0);
      assert.equal(relay.terms.length + waiting.terms.length, 1);
    });
  });
