/** The smallest value that a JSON schema of ours takes, so that a request gets past the door of a route. */

export interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly format?: string;
  readonly pattern?: string;
}

/** Texts for the patterns of ours that a plain word does not meet. */
const TEXTS = ['matrix', '0'.repeat(40), '0'.repeat(64), '1', 'https://contoso.example/'];
const FORMATS: Readonly<Record<string, string>> = {
  uuid: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
  'date-time': '2026-11-25T00:00:00Z',
};

export function smallestValue(schema: JsonSchema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  if (schema.anyOf?.[0]) return smallestValue(schema.anyOf[0]);
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, smallestValue(schema.properties?.[name] ?? {})]),
      );
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => smallestValue(schema.items ?? {}));
    case 'string': {
      const { format, pattern, minLength = 0 } = schema;
      const text = FORMATS[format ?? ''] ?? TEXTS.find((one) => new RegExp(pattern ?? '', 'u').test(one));
      if (text === undefined) throw new Error(`no text is known that meets ${pattern}`);
      return text.padEnd(minLength, 'x');
    }
    case 'integer':
    case 'number':
      return schema.minimum ?? 0;
    case 'boolean':
      return false;
    default:
      return null;
  }
}
