// A program as people write them: signs in with Microsoft's own library, told only another address. Prints the token.
import { ClientSecretCredential } from '@azure/identity';

const { AUTHORITY, TENANT, CLIENT, SECRET, SCOPE } = process.env;
const credential = new ClientSecretCredential(TENANT, CLIENT, SECRET, {
  authorityHost: AUTHORITY,
  disableInstanceDiscovery: true,
});
const { token } = await credential.getToken(SCOPE);
process.stdout.write(token);
