// A program as people write them, with Microsoft's own library, told only another address. Prints the token; before a device code, what to enter.
import { ClientCertificateCredential, ClientSecretCredential, DeviceCodeCredential } from '@azure/identity';

const { AUTHORITY, TENANT, CLIENT, SECRET, CERTIFICATE, SCOPE, WAY } = process.env;
const options = { authorityHost: AUTHORITY, disableInstanceDiscovery: true };
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const credentials = {
  secret: () => new ClientSecretCredential(TENANT, CLIENT, SECRET, options),
  certificate: () => new ClientCertificateCredential(TENANT, CLIENT, CERTIFICATE, options),
  device: () =>
    new DeviceCodeCredential({
      ...options,
      tenantId: TENANT,
      clientId: CLIENT,
      userPromptCallback: ({ verificationUri, userCode }) => say({ verificationUri, userCode }),
    }),
};
const { token } = await credentials[WAY]().getToken(SCOPE);
say({ token });
