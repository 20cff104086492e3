/** JSON pointers of the members in which two JSON values differ; empty when they are the same. Order of members does not count. */
export const differingPaths = (expected: unknown, actual: unknown): string[] => [...walk(expected, actual, '')];

function* walk(expected: unknown, actual: unknown, path: string): Generator<string> {
  if (Object.is(expected, actual)) return;
  if (!isObject(expected) || !isObject(actual) || Array.isArray(expected) !== Array.isArray(actual)) {
    yield path;
    return;
  }
  for (const member of new Set([...Object.keys(expected), ...Object.keys(actual)]))
    yield* walk(expected[member], actual[member], `${path}/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`);
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
