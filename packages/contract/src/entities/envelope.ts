import { type TObject, type TProperties, Type } from 'typebox';
import { integer, listOf, record, text } from './schema.ts';

const context = text('Address of the metadata that describes the answer.');

/** Answer that holds one entity: its properties, with the context above them. */
export const entityAnswer = <P extends TProperties>(entity: TObject<P>) =>
  record({ '@odata.context': context, ...entity.properties }, 'One entity.');

/** Answer that holds a page of a set. */
export const collectionAnswer = <P extends TProperties>(entity: TObject<P>) =>
  record(
    {
      '@odata.context': context,
      '@odata.count': Type.Optional(integer('Entities that match, on all pages. Only when asked for.')),
      value: listOf(entity, 'The entities of this page.'),
      '@odata.nextLink': Type.Optional(text('Absolute address of the next page. Absent on the last.')),
    },
    'A page of entities.',
  );
