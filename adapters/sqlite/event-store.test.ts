import { eventStoreContract } from '@sagahub/contracts/ports/event-store.contract.ts';
import { eventStoreHarness } from './testing/log-harness.ts';

eventStoreContract('sqlite', eventStoreHarness);
