/** What the sets under /api hold, as OData metadata tells it: read off the schemas of the routes. Pure. */
import type { Route } from '../http/route.ts';

export interface CsdlModel {
  readonly entities: readonly CsdlType[];
  readonly complexes: readonly CsdlType[];
  readonly sets: readonly { readonly name: string; readonly entity: string }[];
}

export interface CsdlType {
  readonly name: string;
  /** Property that no two entities share; null for a complex type. */
  readonly key: string | null;
  readonly properties: readonly CsdlProperty[];
}

export interface CsdlProperty {
  readonly name: string;
  /** `Edm.String`, or the name of a complex type. */
  readonly type: string;
  readonly collection: boolean;
  readonly nullable: boolean;
}

export const CSDL_NAMESPACE = 'microsoft.windowsDefenderATP.api';

type Schema = Readonly<Record<string, unknown>>;

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function child(schema: Schema | undefined, ...path: readonly string[]): Schema | undefined {
  let at: unknown = schema;
  for (const step of path) at = isSchema(at) ? at[step] : undefined;
  return isSchema(at) ? at : undefined;
}

/** JSON types a value may have, and the schema that says more of it: of a choice the part that is not null. */
function read(schema: Schema): { readonly types: readonly unknown[]; readonly own: Schema } {
  const choice = Array.isArray(schema.anyOf) ? schema.anyOf.filter(isSchema) : [];
  const [own] = choice.filter((one) => one.type !== 'null');
  if (own)
    return {
      types: [...read(own).types, ...(choice.some((one) => one.type === 'null') ? ['null'] : [])],
      own,
    };
  if (schema.type === undefined && Array.isArray(schema.enum))
    return { types: schema.enum.map(typeOf), own: schema };
  return { types: [schema.type].flat(), own: schema };
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : typeof value;
}

export function csdlModel(routes: readonly Route[]): CsdlModel {
  const complexes = new Complexes();
  const entities = new Map<string, CsdlType>();
  const sets = new Map<string, string>();
  for (const { collection, path, responses } of routes) {
    // Graph's addresses are another service's, with metadata of its own.
    if (!collection || !path.startsWith('/api/')) continue;
    const { name, entity, key } = collection;
    const item = child(responses[200] as Schema | undefined, 'properties', 'value', 'items');
    if (!item) throw new Error(`${path} answers with no collection`);
    if (!entities.has(entity)) entities.set(entity, complexes.typeOf(entity, key, item));
    // `Collection(…)` names what is no set of its own.
    if (/^\w+$/.test(name)) sets.set(name, entity);
  }
  return {
    entities: [...entities.values()],
    complexes: complexes.all(),
    sets: [...sets].map(([name, entity]) => ({ name, entity })),
  };
}

/** Complex types, each once however often and under whichever property it stands. */
class Complexes {
  readonly #types = new Map<string, CsdlType>();
  readonly #names = new Set<string>();

  all(): readonly CsdlType[] {
    return [...this.#types.values()];
  }

  typeOf(name: string, key: string | null, schema: Schema): CsdlType {
    this.#names.add(name);
    const required = Array.isArray(schema.required) ? schema.required : [];
    const properties = Object.entries(child(schema, 'properties') ?? {}).flatMap(([property, own]) =>
      isSchema(own)
        ? [this.#property(name, property, own, property !== key && !required.includes(property))]
        : [],
    );
    return { name, key, properties };
  }

  #property(owner: string, name: string, schema: Schema, absent: boolean): CsdlProperty {
    const { types, own } = read(schema);
    const nullable = absent || types.includes('null');
    if (!types.includes('array'))
      return { name, type: this.#type(owner, name, schema), collection: false, nullable };
    const items = child(own, 'items') ?? {};
    return {
      name,
      type: this.#type(owner, name, items),
      collection: true,
      nullable: read(items).types.includes('null'),
    };
  }

  #type(owner: string, property: string, schema: Schema): string {
    const { types, own } = read(schema);
    const [type] = types.filter((one) => one !== 'null');
    switch (type) {
      case 'string':
        return own.format === 'date-time' ? 'Edm.DateTimeOffset' : 'Edm.String';
      case 'integer':
        return 'Edm.Int64';
      case 'number':
        return 'Edm.Double';
      case 'boolean':
        return 'Edm.Boolean';
      case 'object':
        return child(own, 'properties') ? this.#complex(owner, property, own) : 'Edm.Untyped';
      default:
        return 'Edm.Untyped';
    }
  }

  #complex(owner: string, property: string, schema: Schema): string {
    const shape = JSON.stringify(schema.properties);
    const known = this.#types.get(shape);
    if (known) return known.name;
    const made = this.typeOf(this.#freeName(owner, property), null, schema);
    this.#types.set(shape, made);
    return made.name;
  }

  #freeName(owner: string, property: string): string {
    const name = property.charAt(0).toUpperCase() + property.slice(1);
    return this.#names.has(name) ? owner + name : name;
  }
}
