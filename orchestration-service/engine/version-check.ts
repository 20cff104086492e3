import { ConfigurationError } from '@sagahub/contracts/errors.ts';
import { categoryOf } from '@sagahub/contracts/events.ts';
import type { OpenWork } from '@sagahub/contracts/ports/open-work.ts';
import type { Flow } from '@sagahub/contracts/saga.ts';

/** More rows than any installation keeps open. */
const ALL_ROWS = 10_000_000;

/**
 * Refuses to start when work in flight is pinned to a saga version the code no longer has: it would wait for ever.
 * @throws ConfigurationError naming flow, version and how many objects wait for it
 */
export const refuseMissingVersions = async (flows: readonly Flow[], openWork: OpenWork): Promise<void> => {
  const missing = new Map<string, Set<string>>();
  for (const row of await openWork.list({}, ALL_ROWS)) {
    const flow = flows.find((candidate) => candidate.name === categoryOf(row.stream));
    if (row.sagaVersion === 0 || flow?.versions[row.sagaVersion]) continue;
    const key = `version ${row.sagaVersion} of the saga ${categoryOf(row.stream)}`;
    missing.set(key, (missing.get(key) ?? new Set()).add(row.stream));
  }
  if (missing.size === 0) return;
  throw new ConfigurationError(
    [...missing].map(
      ([what, streams]) =>
        `${streams.size} objects in flight need ${what}, which this release lacks; run the release that has it until they ended`,
    ),
  );
};
