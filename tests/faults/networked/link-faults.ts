import { HEALTHY, misbehave } from '../campaign.ts';
import { pick, type Random } from '../load.ts';
import type { Fault } from './fault.ts';
import type { NetworkedSite } from './site.ts';

type Drawn = Omit<Fault, 'startsAfterMs'>;

/** The network between the hub and an engine, or the ERP. */
export const linkFault = ({ links }: NetworkedSite, random: Random): Drawn => {
  const target = pick(random, links.peers);
  const link = links.to(target);
  const latencyMs = Math.round(20 + random() * 400);
  const lastsMs = 300 + random() * 3_000;
  const heal = async (): Promise<void> => link.heal();
  const named = (what: string) => ({ name: `connections to ${target} ${what}`, target, end: heal });
  switch (pick(random, ['cut', 'refused', 'half open', 'silent', 'deaf', 'slow'])) {
    case 'cut':
      return { ...named('cut'), kind: 'connections broken', lastsMs: 0, begin: async () => link.cut() };
    case 'refused':
      return { ...named('refused'), kind: 'connections broken', lastsMs, begin: async () => link.refuse() };
    case 'half open':
      return { ...named('half open'), kind: 'connections silent', lastsMs: 0, begin: async () => link.halfOpen() };
    case 'silent':
      return { ...named('in a black hole'), kind: 'connections silent', lastsMs, begin: async () => link.silence() };
    case 'deaf':
      return { ...named('without answers'), kind: 'connections silent', lastsMs, begin: async () => link.loseAnswers() };
    default:
      return {
        ...named(`slower by ${latencyMs} ms`),
        kind: 'connections slow',
        lastsMs,
        begin: async () => link.delay(latencyMs, latencyMs / 2),
      };
  }
};

export const erpFault = (site: NetworkedSite, random: Random): Drawn => ({
  name: 'the ERP misbehaves',
  kind: 'ERP misbehaves',
  target: 'ERP',
  lastsMs: 500 + random() * 3_000,
  begin: async () => void (await misbehave(site, random)),
  end: () => site.erp.behave(HEALTHY),
});
