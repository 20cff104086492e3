import { problemSchema, PROBLEM_MEDIA_TYPE } from '@sagahub/contracts/api/problem.ts';
import { isJson, type OperationDoc, type Route } from '@sagahub/contracts/api/route.ts';
import { SCOPES } from '@sagahub/contracts/ports/identity.ts';
import { z } from 'zod';
import { ComponentSchemas, type JsonSchema } from './component-schemas.ts';
import { commonResponses, problemResponsesOf } from './problem-responses.ts';
import { tagsOf } from './tags.ts';
import { webhooksOf } from './webhooks.ts';

export interface ApiInfo {
  readonly version: string;
  /** Where the API is, without a trailing slash. */
  readonly publicUrl: string;
  /** Of the issuer in use. */
  readonly tokenUrl: string;
}

/** The OpenAPI 3.1 document of all routes: what a route checks and what the document says of it have one source. */
export const openApiOf = (routes: readonly Route[], info: ApiInfo): JsonSchema => {
  const schemas = new ComponentSchemas();
  const problem = schemas.refer(problemSchema.meta({ id: 'Problem' }), 'output');
  const paths: Record<string, JsonSchema> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/[:*](\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, schemas) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Sagahub API',
      version: info.version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: info.publicUrl }],
    tags: tagsOf(routes),
    paths,
    webhooks: webhooksOf(schemas),
    components: {
      schemas: schemas.all(),
      responses: commonResponses(problem),
      headers: HEADERS,
      securitySchemes: {
        oauth: { type: 'oauth2', flows: { clientCredentials: { tokenUrl: info.tokenUrl, scopes: SCOPES } } },
      },
    },
  };
};

const DESCRIPTION = [
  'Send orders, follow them, and read the history of everything that happened.',
  'Get a token with your client id and secret (*Authorize* does it here), post an order, and follow the `Location` of the answer.',
  'Every error is a problem document (RFC 9457) with a stable `code`; a request with several faults gets all of them at once.',
  'Unknown members of requests are refused, those of answers are to be ignored.',
].join('\n\n');

const HEADERS: Record<string, JsonSchema> = {
  'X-Request-ID': { description: 'This request: yours when you sent one, to be named when asking for help', schema: { type: 'string' } },
  'X-Correlation-ID': { description: 'The business flow: yours when you sent one; every event carries it', schema: { type: 'string' } },
  RateLimit: {
    description: 'Requests left in this window, and seconds until the next',
    schema: { type: 'string' },
    example: '"partner";r=59999;t=42',
  },
  'RateLimit-Policy': { description: 'Requests a window, and its seconds', schema: { type: 'string' }, example: '"partner";q=60000;w=60' },
  'Retry-After': { description: 'Seconds', schema: { type: 'integer', minimum: 0 } },
};

const operationOf = (route: Route, schemas: ComponentSchemas): JsonSchema => {
  const { operation } = route;
  const parameters = parametersOf(route, schemas);
  return {
    operationId: operation.operationId,
    summary: operation.summary,
    ...(operation.description && { description: operation.description }),
    tags: [operation.tag],
    // Each of several scopes is enough by itself: alternatives, not a list of what is needed.
    security: route.scopes.map((scope) => ({ oauth: [scope] })),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && { requestBody: requestBodyOf(route.body, operation, schemas) }),
    responses: { ...problemResponsesOf(route), ...responsesOf(operation, schemas) },
  };
};

const parametersOf = ({ path, operation }: Route, schemas: ComponentSchemas): readonly JsonSchema[] => {
  const named = (place: 'query' | 'header', parameters: OperationDoc['query'] = {}) =>
    Object.entries(parameters).map(([name, { description, schema }]) => ({
      name,
      in: place,
      description,
      required: false,
      schema: schemas.refer(schema, 'input'),
    }));
  const inPath = [...path.matchAll(/[:*](\w+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  return [...inPath, ...named('query', operation.query), ...named('header', operation.headers)];
};

const requestBodyOf = (body: NonNullable<Route['body']>, operation: OperationDoc, schemas: ComponentSchemas): JsonSchema => ({
  required: !body.optional,
  content: Object.fromEntries(
    // By media type: a gateway that passes JSON on does not parse it.
    Object.keys(body.types).map((mediaType) => {
      const described = isJson(mediaType) || mediaType === 'application/x-www-form-urlencoded';
      const schema = described && operation.requestSchema ? schemas.refer(operation.requestSchema, 'input') : { type: 'string' };
      const example = described ? operation.requestExample : operation.textExample;
      return [mediaType, { schema, ...(example !== undefined && { example }) }];
    }),
  ),
});

const SUCCESS_HEADERS = Object.fromEntries(
  ['X-Request-ID', 'X-Correlation-ID', 'RateLimit', 'RateLimit-Policy'].map((name) => [name, { $ref: `#/components/headers/${name}` }]),
);

const responsesOf = (operation: OperationDoc, schemas: ComponentSchemas): Record<string, JsonSchema> =>
  Object.fromEntries(
    Object.entries(operation.responses).map(([status, { description, schema, mediaType, example }]) => {
      const type = mediaType ?? (Number(status) >= 400 ? PROBLEM_MEDIA_TYPE : 'application/json');
      const shown = schema ?? (Number(status) >= 400 ? problemSchema.meta({ id: 'Problem' }) : mediaType ? z.string() : undefined);
      const content = shown && { [type]: { schema: schemas.refer(shown, 'output'), ...(example !== undefined && { example }) } };
      return [status, { description, headers: SUCCESS_HEADERS, ...(content && { content }) }];
    }),
  );
