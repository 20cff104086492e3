import type { CollectionSpec } from '@sagahub/contracts/ports/document-store.ts';
import { PROJECTIONS } from './projections/index.ts';
import { collectionsOf } from './projections/projection.ts';

/** What the DocumentStore must be opened with. */
export const READ_MODEL_COLLECTIONS: readonly CollectionSpec[] = PROJECTIONS.flatMap(collectionsOf);
