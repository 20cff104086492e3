import { skip } from '@sagahub/contracts/testing/skip.ts';
import { networked } from '../../bench/networked.ts';
import { missingEngines } from '../../support/engines.ts';
import { bearsOverload } from '../bears-overload.ts';

describe('a hub of many processes that is offered three times what it can accept', () => {
  before(function () {
    const missing = missingEngines();
    if (missing.length > 0) skip(this, missing.join('; '));
  });
  bearsOverload(() => networked('postgres'), { orders: 400, seconds: 20, mostGrowthMiB: 500 });
});
