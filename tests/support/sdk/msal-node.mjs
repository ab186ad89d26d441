// As azure-identity.mjs, with the library beneath it. `code` prints the address to sign in at, and reads the code that came back.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ConfidentialClientApplication, CryptoProvider, PublicClientApplication } from '@azure/msal-node';

const { AUTHORITY, TENANT, CLIENT, SECRET, CERTIFICATE, THUMBPRINT, SCOPE, REDIRECT, WAY } = process.env;
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const auth = {
  clientId: CLIENT,
  authority: `${AUTHORITY}/${TENANT}`,
  knownAuthorities: [new URL(AUTHORITY).host],
};
const scopes = [SCOPE];

switch (WAY) {
  case 'secret': {
    const client = new ConfidentialClientApplication({ auth: { ...auth, clientSecret: SECRET } });
    say({ token: (await client.acquireTokenByClientCredential({ scopes })).accessToken });
    break;
  }
  case 'certificate': {
    const pem = readFileSync(CERTIFICATE, 'utf8');
    const privateKey = /-----BEGIN PRIVATE KEY-----[\s\S]*-----END PRIVATE KEY-----/.exec(pem)?.[0];
    const clientCertificate = { thumbprintSha256: THUMBPRINT, privateKey };
    const client = new ConfidentialClientApplication({ auth: { ...auth, clientCertificate } });
    say({ token: (await client.acquireTokenByClientCredential({ scopes })).accessToken });
    break;
  }
  case 'password': {
    const request = { scopes, username: process.env.USERNAME, password: process.env.PASSWORD };
    const client = SECRET
      ? new ConfidentialClientApplication({ auth: { ...auth, clientSecret: SECRET } })
      : new PublicClientApplication({ auth });
    const first = await client.acquireTokenByUsernamePassword(request);
    // From its cache, by the refresh token.
    const again = await client.acquireTokenSilent({ scopes, account: first.account, forceRefresh: true });
    say({ token: again.accessToken, account: first.account.username });
    break;
  }
  case 'device': {
    const client = new PublicClientApplication({ auth });
    const { accessToken } = await client.acquireTokenByDeviceCode({
      scopes,
      deviceCodeCallback: ({ verificationUri, userCode }) => say({ verificationUri, userCode }),
    });
    say({ token: accessToken });
    break;
  }
  case 'code': {
    const client = new PublicClientApplication({ auth });
    const { verifier, challenge } = await new CryptoProvider().generatePkceCodes();
    const redirectUri = REDIRECT;
    say({
      address: await client.getAuthCodeUrl({
        scopes,
        redirectUri,
        codeChallenge: challenge,
        codeChallengeMethod: 'S256',
      }),
    });
    const lines = createInterface({ input: process.stdin });
    const code = await new Promise((resolve) => lines.once('line', resolve));
    lines.close();
    process.stdin.destroy();
    const first = await client.acquireTokenByCode({ scopes, redirectUri, code, codeVerifier: verifier });
    // From its cache, by the refresh token.
    const again = await client.acquireTokenSilent({ scopes, account: first.account, forceRefresh: true });
    say({ token: again.accessToken, account: first.account.username, home: first.account.homeAccountId });
    break;
  }
}
