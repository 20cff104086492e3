import { eventStoreContract } from '@sagahub/contracts/ports/event-store.contract.ts';
import { eventStoreHarness, privateServer } from './testing/hub-harness.ts';

const server = privateServer();

eventStoreContract('PostgreSQL', eventStoreHarness(server));
