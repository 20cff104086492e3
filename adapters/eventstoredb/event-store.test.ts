import { eventStoreContract } from '@sagahub/contracts/ports/event-store.contract.ts';
import { type KurrentDbDouble, startKurrentDbDouble } from '../../tests/servers/kurrentdb-double/double.ts';
import { logOn } from './testing/harness.ts';

describe('event store on the KurrentDB double', () => {
  let double: KurrentDbDouble;
  before(async () => {
    double = await startKurrentDbDouble();
  });
  after(() => double[Symbol.asyncDispose]());

  eventStoreContract('eventstoredb', () => logOn(double.url));
});
