/** The way out of the server that destinations take, for others who send: every address asked for, failures by name. */
export { connectionFault } from './connection-fault.ts';
export { askForAddress, guardedLookup } from './guarded-lookup.ts';
export { endpointMembers, endpointOf } from './http/endpoint.ts';
export { createHttpClient, type HttpRequest } from './http/http-client.ts';
export { statusFault } from './http/status-fault.ts';
export { checkTls, tlsMembers, tlsSecrets } from './tls-settings.ts';
export { webhookHeaders, webhookKey } from './webhook/standard-webhook.ts';
