/** What simulated devices and whole-system tests share with the real agent. */

export { DeviceKey } from './identity/device-key.ts';
export { deviceAuthorization, type RequestToSign } from './identity/device-token.ts';
export { AGENT_VERSION } from './version.ts';
