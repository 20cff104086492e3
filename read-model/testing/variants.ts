import type { Fold, Projection } from '../projections/projection.ts';

/** The same projection under other names, so that many of them fit into one store. */
export const variantOf = (projection: Projection, suffix: string): Projection => ({
  ...projection,
  name: `${projection.name}${suffix}`,
  folds: projection.folds.map((fold) => ({
    ...fold,
    collection: `${fold.collection}${suffix}`,
    ...(fold.derive && {
      derive: (...bodies: Parameters<NonNullable<Fold['derive']>>) =>
        fold.derive!(...bodies).map((derived) => ({ ...derived, collection: `${derived.collection}${suffix}` })),
    }),
  })),
  collections: projection.collections.map((spec) => ({ ...spec, name: `${spec.name}${suffix}` })),
});

/** As it comes back from a store: members that are undefined are gone. */
export const asStored = (body: unknown): unknown => JSON.parse(JSON.stringify(body));
