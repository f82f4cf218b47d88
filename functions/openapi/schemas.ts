import * as z from 'zod/mini';

export type Json = Readonly<Record<string, unknown>>;

export type SchemaCollector = ReturnType<typeof schemaCollector>;

/** Schemas with an id become components; the rest stays where it is used. */
export const schemaCollector = () => {
  const components: Record<string, Json> = {};
  return {
    components,
    of: (schema: z.ZodMiniType, io: 'input' | 'output'): Json => {
      const { $schema, $defs = {}, ...rest } = moved(z.toJSONSchema(schema, { io, unrepresentable: 'any' }));
      for (const [name, definition] of Object.entries($defs)) {
        const known = components[name];
        if (known && JSON.stringify(known) !== JSON.stringify(definition)) {
          throw new Error(`two schemas are called ${name}`);
        }
        components[name] = definition;
      }
      return rest;
    },
  };
};

/** JSON Schema keeps shared schemas under `$defs`, OpenAPI under `components/schemas`. */
const moved = (schema: object): Json & { $defs?: Readonly<Record<string, Json>> } =>
  JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/'));
