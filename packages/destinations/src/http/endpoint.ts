/** The address of a destination that speaks HTTP, as a setting. */
import { Type } from 'typebox';
import { DeliveryError } from '../destination.ts';

export const endpointMembers = (description: string) => ({
  url: Type.String({ minLength: 8, maxLength: 2_000, description }),
  allowHttp: Type.Optional(
    Type.Boolean({
      description:
        'Whether url may begin with http://. Everybody on the way then reads the records and the credentials. Default false.',
    }),
  ),
});

export interface EndpointSettings {
  readonly url: string;
  readonly allowHttp?: boolean;
}

/** @throws DeliveryError `settings` */
export function endpointOf(settings: EndpointSettings): URL {
  if (!URL.canParse(settings.url)) throw new DeliveryError('settings', 'url is not an address.');
  const url = new URL(settings.url);
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new DeliveryError(
      'settings',
      `url begins with ${url.protocol}//, and only https:// is spoken here.`,
    );
  if (url.protocol === 'http:' && settings.allowHttp !== true)
    throw new DeliveryError('settings', 'url begins with http://, which allowHttp would have to allow.');
  if (url.username !== '' || url.password !== '')
    throw new DeliveryError(
      'settings',
      'url may not hold a user name or password: there are members for them.',
    );
  if (url.hash !== '') throw new DeliveryError('settings', 'url may not hold a fragment (#).');
  return url;
}
