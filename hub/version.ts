import manifest from './package.json' with { type: 'json' };

/** Of this release, as in the hub's package. */
export const VERSION: string = manifest.version;
