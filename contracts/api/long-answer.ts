import type { ApiRequest, ApiResponse, Route } from './route.ts';

export const NDJSON = 'application/x-ndjson';

/** Does the caller ask for this media type by name? A wildcard is content with the default. */
export const asksFor = (accept: string | undefined, mediaType: string): boolean =>
  (accept ?? '').split(',').some((range) => range.split(';', 1)[0]?.trim().toLowerCase() === mediaType);

/**
 * A route whose work takes a while: with `Accept: application/x-ndjson` it answers with its progress, one report a line, the last one being the result;
 * otherwise with the result alone, as JSON, when it is there.
 */
export const longRoute = (route: Omit<Route, 'handle' | 'long'>, reports: (request: ApiRequest) => AsyncIterable<object>): Route => ({
  ...route,
  long: true,
  handle: async (request) => longAnswer(request, reports(request)),
  operation: { ...route.operation, description: [route.operation.description, LONG].filter(Boolean).join(' ') },
});

const longAnswer = async (request: ApiRequest, reports: AsyncIterable<object>): Promise<ApiResponse> => {
  const headers = { 'cache-control': 'no-store' };
  if (asksFor(request.headers['accept'], NDJSON))
    return { status: 200, headers: { ...headers, 'content-type': `${NDJSON}; charset=utf-8` }, body: asLines(reports) };
  let result: object = {};
  for await (const report of reports) result = report;
  return { status: 200, headers, body: result };
};

async function* asLines(reports: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const report of reports) yield `${JSON.stringify(report)}\n`;
}

const LONG = 'With `Accept: application/x-ndjson`: progress, one report a line, ending with the result.';
