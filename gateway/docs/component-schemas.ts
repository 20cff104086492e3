import { z } from 'zod';

export type JsonSchema = Record<string, unknown>;

/**
 * Turns zod schemas into JSON Schema 2020-12 as OpenAPI 3.1 wants it: a schema with an id stands once under
 * `components.schemas` and is referred to everywhere else.
 */
export class ComponentSchemas {
  readonly #byName = new Map<string, { readonly raw: string; readonly schema: JsonSchema }>();

  /** @param direction `input`: what a caller sends; `output`: what we answer, in which unknown members are to be ignored */
  refer(schema: z.ZodType, direction: 'input' | 'output'): JsonSchema {
    const {
      $schema: _,
      $defs = {},
      ...root
    } = z.toJSONSchema(schema, {
      io: direction,
      unrepresentable: 'any',
      override: ({ jsonSchema }) => {
        if (direction === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      },
    }) as JsonSchema & { $defs?: Record<string, JsonSchema> };
    const names = new Map(Object.entries($defs).map(([id, definition]) => [id, this.#nameFor(id, definition, direction)]));
    for (const [id, definition] of Object.entries($defs)) {
      const name = names.get(id) ?? id;
      if (!this.#byName.has(name)) this.#byName.set(name, { raw: JSON.stringify(definition), schema: renamed(definition, names) });
    }
    return renamed(root, names);
  }

  /** By name, ready for `components.schemas`. */
  all(): Record<string, JsonSchema> {
    return Object.fromEntries([...this.#byName].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, { schema }]) => [name, schema]));
  }

  /** The id itself; but what is sent and what is answered may differ under one id, through defaults for example. */
  #nameFor(id: string, definition: JsonSchema, direction: 'input' | 'output'): string {
    const known = this.#byName.get(id);
    if (!known || known.raw === JSON.stringify(definition)) return id;
    return direction === 'input' ? `${id}Request` : `${id}Answer`;
  }
}

const DEFINITION = '#/$defs/';
const renamed = (schema: JsonSchema, names: ReadonlyMap<string, string>): JsonSchema =>
  JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
    key === '$ref' && typeof value === 'string' && value.startsWith(DEFINITION)
      ? `#/components/schemas/${names.get(value.slice(DEFINITION.length)) ?? value.slice(DEFINITION.length)}`
      : value,
  ) as JsonSchema;
