import { z } from 'zod';
import type { Operation } from '../../node/api/index.ts';

/** A JSON Schema, as far as this gateway looks into it. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly [keyword: string]: unknown;
}

/** How text of a path or query is to be read. */
export type FieldType = 'text' | 'number' | 'boolean' | 'list';

/** The JSON Schema (2020-12) of a zod schema, as a caller writes it or as he gets it. */
export function jsonSchemaOf(schema: z.ZodType, side: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: side, unrepresentable: 'any' });
  return rest as JsonSchema;
}

/** The type of each field of the input, by its name. */
export function fieldTypesOf(operation: Operation): ReadonlyMap<string, FieldType> {
  const schema = jsonSchemaOf(operation.input, 'input');
  const fields = new Map<string, FieldType>();
  for (const part of schema.anyOf ?? [schema]) {
    for (const [name, field] of Object.entries(part.properties ?? {})) fields.set(name, fieldTypeOf(field));
  }
  return fields;
}

function fieldTypeOf(field: JsonSchema): FieldType {
  if (field.type === 'integer' || field.type === 'number') return 'number';
  if (field.type === 'boolean') return 'boolean';
  return field.type === 'array' ? 'list' : 'text';
}
