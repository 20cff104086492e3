import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Route } from '@sagahub/contracts/api/route.ts';
import { NotFoundError } from '@sagahub/contracts/errors.ts';
import { type ApiInfo, openApiOf } from './openapi.ts';

const OPEN = { scopes: [], tag: 'Description' } as const;
const JSON_TYPE = 'application/json';

/** `/openapi.json` and a page at `/docs` to read it, which loads nothing from anywhere else. */
export const docsRoutes = (documented: readonly Route[], info: ApiInfo): readonly Route[] => {
  let document: string | undefined;
  return [
    {
      method: 'GET',
      path: '/openapi.json',
      scopes: OPEN.scopes,
      operation: {
        operationId: 'getOpenApi',
        summary: 'This description',
        tag: OPEN.tag,
        responses: { 200: { description: 'OpenAPI 3.1', mediaType: JSON_TYPE } },
      },
      handle: async () => ({
        status: 200,
        headers: { 'content-type': JSON_TYPE, 'cache-control': 'no-cache' },
        body: (document ??= JSON.stringify(openApiOf(documented, info))),
      }),
    },
    { ...page, path: '/docs', handle: async () => ({ status: 200, headers: PAGE_HEADERS, body: PAGE }) },
    {
      ...page,
      path: '/docs/:asset',
      handle: async ({ params: { asset = '' } }) => {
        const type = Object.hasOwn(ASSETS, asset) ? ASSETS[asset] : undefined;
        if (!type) throw new NotFoundError('this file');
        return { status: 200, headers: { 'content-type': type, 'cache-control': 'public, max-age=3600' }, body: await readAsset(asset) };
      },
    },
  ];
};

const page = {
  method: 'GET',
  scopes: OPEN.scopes,
  operation: { operationId: 'readDocs', summary: 'The description as a page', tag: OPEN.tag, responses: { 200: { description: 'HTML' } } },
} as const;

const ASSETS: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
  'start.js': 'text/javascript; charset=utf-8',
};

const START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'list',
  validatorUrl: null,
});
`;

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Sagahub API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
  </head>
  <body>
    <div id="reference"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-cache',
  // Scripts from here alone and none inline. Swagger UI's widgets set style attributes, hence 'unsafe-inline' for those.
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
};

const read = new Map<string, Promise<Uint8Array>>();
/** From the package, once: it never changes while the hub runs. */
const readAsset = (name: string): Promise<Uint8Array> => {
  if (name === 'start.js') return Promise.resolve(Buffer.from(START));
  const known = read.get(name) ?? readFile(join(dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json')), name));
  read.set(name, known);
  return known;
};
