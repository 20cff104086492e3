import assert from 'node:assert/strict';
import type { Answer } from '@sagahub/hub/harness/api-client.ts';
import { z } from 'zod';

type JsonSchema = Parameters<typeof z.fromJSONSchema>[0];
interface Described {
  readonly description?: string;
  readonly $ref?: string;
  readonly content?: Readonly<Record<string, { readonly schema: JsonSchema; readonly example?: unknown }>>;
}
export interface DescribedOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly security: readonly { readonly oauth: readonly string[] }[];
  readonly requestBody?: Described;
  readonly responses: Readonly<Record<string, Described>>;
}
interface OpenApi {
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, DescribedOperation>>>>;
  readonly components: { readonly schemas: JsonSchema; readonly responses: Readonly<Record<string, Described>> };
}
interface Operation extends DescribedOperation {
  readonly method: string;
  readonly path: string;
  readonly matches: RegExp;
}

/** The hub's own `/openapi.json`, to hold its answers against. */
export class ApiDescription {
  readonly operations: readonly Operation[];
  /** In the order they are shown. */
  readonly tags: readonly string[];
  readonly #document: OpenApi;
  readonly #schemas = new Map<unknown, z.ZodType>();

  private constructor(document: OpenApi) {
    this.#document = document;
    this.tags = document.tags.map(({ name }) => name);
    this.operations = Object.entries(document.paths)
      .flatMap(([path, methods]) =>
        Object.entries(methods).map(([method, operation]) => ({
          ...operation,
          method: method.toUpperCase(),
          path,
          matches: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
        })),
      )
      // `/dead-letters/causes` before `/dead-letters/{deadLetterId}`
      .toSorted((left, right) => left.path.split('{').length - right.path.split('{').length);
  }

  static async of(url: string): Promise<ApiDescription> {
    return new ApiDescription((await (await fetch(`${url}/openapi.json`)).json()) as OpenApi);
  }

  /** Fails unless the answer's status, media type and every member of its body are described. What has no route is nobody's. */
  assertDescribes(method: string, url: string, { status, headers, text }: Pick<Answer, 'status' | 'headers' | 'text'>): void {
    const path = url.replace(/\?.*/s, '');
    const operation = this.operations.find((candidate) => candidate.method === method && candidate.matches.test(path));
    if (!operation) return;
    const where = `${method} ${operation.path} answered ${status}`;
    const described = operation.responses[status];
    assert.ok(described, `${where}, which its description does not know: ${text.slice(0, 300)}`);
    const content = this.resolve(described).content ?? {};
    if (text === '') return;
    const mediaType = (headers.get('content-type') ?? '').split(';', 1)[0] ?? '';
    const schema = content[mediaType]?.schema;
    assert.ok(schema, `${where} as ${mediaType}, described as ${Object.keys(content).join() || 'nothing'}`);
    const bodies = mediaType.endsWith('ndjson') ? text.split('\n').filter((line) => line !== '') : [text];
    if (!mediaType.endsWith('json')) return;
    for (const body of bodies) this.assertFits(schema, JSON.parse(body), where);
  }

  assertFits(schema: JsonSchema, value: unknown, where: string): void {
    const { error } = this.#compiled(schema).safeParse(value);
    if (!error) return;
    assert.fail(`${where} is not as described: ${JSON.stringify(error.issues)}: ${JSON.stringify(value).slice(0, 2_000)}`);
  }

  /** Follows a reference into `components.responses`. */
  resolve(described: Described): Described {
    const name = described.$ref?.split('/').at(-1);
    return name === undefined ? described : this.#document.components.responses[name]!;
  }

  #compiled(schema: JsonSchema): z.ZodType {
    const known = this.#schemas.get(schema) ?? z.fromJSONSchema(selfContained(schema, this.#document.components.schemas));
    this.#schemas.set(schema, known);
    return known;
  }
}

/**
 * One schema with everything it refers to. Stricter than what partners are told: an answer may have no member that is not described.
 * Patterns with Unicode classes are left out, which zod does not read from JSON Schema.
 */
const selfContained = (schema: JsonSchema, components: JsonSchema): JsonSchema =>
  JSON.parse(JSON.stringify({ ...(schema as object), $defs: components }).replaceAll('#/components/schemas/', '#/$defs/'), (key, value) => {
    if (key === 'pattern' && /\\p\{/.test(String(value))) return undefined;
    const isClosed =
      value !== null && typeof value === 'object' && value.type === 'object' && value.properties && !('additionalProperties' in value);
    return isClosed ? { ...value, additionalProperties: false } : value;
  });
