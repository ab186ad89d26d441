/** `/api/$metadata`: where every `@odata.context` points. */
import { ApiError } from '@merlon/contract';
import { Type } from 'typebox';
import { defineRoute, type Route } from '../http/route.ts';
import { csdlJson, csdlXml } from './csdl.ts';
import { csdlModel } from './csdl-model.ts';

export function metadataRoute(routes: () => readonly Route[]): Route {
  return defineRoute({
    id: 'platform.metadata',
    method: 'GET',
    path: '/api/$metadata',
    summary:
      'The sets under /api and the properties of their entities, as OData metadata: XML, or JSON for who accepts that alone.',
    access: { kind: 'public', why: 'It is the same for every Merlon of this version.' },
    audit: null,
    responses: { 200: Type.Union([Type.String(), Type.Record(Type.String(), Type.Unknown())]) },
    async handle({ url, headers }) {
      const model = csdlModel(routes());
      if (wantsJson(url, String(headers.accept ?? '')))
        return {
          status: 200,
          headers: { 'odata-version': '4.01', 'content-type': 'application/json' },
          body: JSON.stringify(csdlJson(model)),
        };
      return {
        status: 200,
        headers: { 'odata-version': '4.0', 'content-type': 'application/xml' },
        body: csdlXml(model),
      };
    },
  });
}

/** `$format` goes before the header. @throws ApiError for a format that is neither */
function wantsJson(url: string, accept: string): boolean {
  const asked = new URLSearchParams(url.split('?', 2)[1] ?? '').get('$format')?.toLowerCase();
  if (asked === undefined)
    return /application\/json/i.test(accept) && !/application\/xml|\*\/\*/i.test(accept);
  if (asked === 'xml' || asked === 'application/xml') return false;
  if (asked === 'json' || asked === 'application/json') return true;
  throw new ApiError('ODataError', '$format: metadata is given as xml or json');
}
