import { embedded } from '../bench/embedded.ts';
import { bearsOverload } from './bears-overload.ts';

describe('a hub that is offered three times what it can accept', () =>
  // 46,000 orders let in within 24 s had taken 263 MiB more, and only a part of as many is accepted.
  bearsOverload(() => embedded, { orders: 1_000, seconds: 20, mostGrowthMiB: 250 }));
