/** The model as CSDL 4.0 in XML, and as CSDL 4.01 in JSON, which 4.0 does not have. Pure. */
import { CSDL_NAMESPACE, type CsdlModel, type CsdlProperty, type CsdlType } from './csdl-model.ts';

const CONTAINER = 'Container';

function qualified(type: string): string {
  return type.startsWith('Edm.') ? type : `${CSDL_NAMESPACE}.${type}`;
}

export function csdlXml({ entities, complexes, sets }: CsdlModel): string {
  const lines = [
    '<?xml version="1.0" encoding="utf-8"?>',
    '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">',
    '<edmx:DataServices>',
    `<Schema Namespace="${CSDL_NAMESPACE}" xmlns="http://docs.oasis-open.org/odata/ns/edm">`,
    ...entities.flatMap((type) => xmlType('EntityType', type)),
    ...complexes.flatMap((type) => xmlType('ComplexType', type)),
    `<EntityContainer Name="${CONTAINER}">`,
    ...sets.map(({ name, entity }) => `<EntitySet Name="${name}" EntityType="${qualified(entity)}"/>`),
    '</EntityContainer>',
    '</Schema>',
    '</edmx:DataServices>',
    '</edmx:Edmx>',
  ];
  return `${lines.join('\n')}\n`;
}

function xmlType(element: 'EntityType' | 'ComplexType', { name, key, properties }: CsdlType): string[] {
  return [
    `<${element} Name="${name}">`,
    ...(key === null ? [] : [`<Key><PropertyRef Name="${key}"/></Key>`]),
    ...properties.map((property) => {
      const type = qualified(property.type);
      const nullable = property.nullable ? '' : ' Nullable="false"';
      // Without it a time would have whole seconds.
      const precision = property.type === 'Edm.DateTimeOffset' ? ' Precision="7"' : '';
      return `<Property Name="${property.name}" Type="${property.collection ? `Collection(${type})` : type}"${nullable}${precision}/>`;
    }),
    `</${element}>`,
  ];
}

export function csdlJson({ entities, complexes, sets }: CsdlModel): object {
  return {
    $Version: '4.01',
    $EntityContainer: `${CSDL_NAMESPACE}.${CONTAINER}`,
    [CSDL_NAMESPACE]: {
      ...Object.fromEntries(entities.map((type) => [type.name, jsonType('EntityType', type)])),
      ...Object.fromEntries(complexes.map((type) => [type.name, jsonType('ComplexType', type)])),
      [CONTAINER]: {
        $Kind: 'EntityContainer',
        ...Object.fromEntries(
          sets.map(({ name, entity }) => [name, { $Collection: true, $Type: qualified(entity) }]),
        ),
      },
    },
  };
}

function jsonType(kind: 'EntityType' | 'ComplexType', { key, properties }: CsdlType): object {
  return {
    $Kind: kind,
    ...(key === null ? {} : { $Key: [key] }),
    ...Object.fromEntries(properties.map((property) => [property.name, jsonProperty(property)])),
  };
}

/** Edm.String is what a property is that says nothing. */
function jsonProperty({ type, collection, nullable }: CsdlProperty): object {
  return {
    ...(type === 'Edm.String' ? {} : { $Type: qualified(type) }),
    ...(collection ? { $Collection: true } : {}),
    ...(nullable ? { $Nullable: true } : {}),
    ...(type === 'Edm.DateTimeOffset' ? { $Precision: 7 } : {}),
  };
}
