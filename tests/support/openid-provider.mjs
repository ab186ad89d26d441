/**
 * An OpenID Connect provider of its own, as a process: `oidc-provider` behind https. Arguments: port, key file, certificate file, redirect URI.
 * There is no password: whoever was set last by `POST /person` signs in. `POST /sign` signs any claims with its key, `POST /mode` makes the key set
 * fail, and `GET /fetches` tells how often that was read.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { Provider } from 'oidc-provider';

const [port, keyFile, certificateFile, redirectUri] = process.argv.slice(2);
const issuer = `https://localhost:${port}`;
const { privateKey } = await generateKeyPair('RS256', { extractable: true });
const jwk = { ...(await exportJWK(privateKey)), kid: 'signing', alg: 'RS256', use: 'sig' };
const people = new Map();
let current = 'nobody';
let keysDown = false;
let fetches = 0;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'merlon',
      client_secret: 'a-secret-between-the-two-of-us',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code'],
      response_types: ['code'],
    },
  ],
  jwks: { keys: [jwk] },
  cookies: { keys: ['only for a test'] },
  conformIdTokenClaims: false,
  claims: {
    openid: ['sub', 'amr'],
    profile: ['name', 'preferred_username', 'groups', 'oid'],
    email: ['email', 'email_verified'],
  },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_ctx, id) =>
    people.has(id) ? { accountId: id, claims: async () => ({ sub: id, ...people.get(id) }) } : undefined,
});
provider.proxy = true;
const callback = provider.callback();

async function json(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

async function interact(request, response) {
  const details = await provider.interactionDetails(request, response);
  const login = current;
  if (login === 'nobody')
    return provider.interactionFinished(request, response, {
      error: 'access_denied',
      error_description: '<script>alert(1)</script>',
    });
  const grant = new provider.Grant({ accountId: login, clientId: details.params.client_id });
  grant.addOIDCScope(details.params.scope);
  const grantId = await grant.save();
  await provider.interactionFinished(request, response, {
    login: { accountId: login, amr: people.get(login).amr },
    consent: { grantId },
  });
}

async function answer(request, response) {
  const { pathname } = new URL(request.url, issuer);
  const send = (value) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
  if (pathname === '/person') {
    const { sub, ...claims } = await json(request);
    people.set(sub, claims);
    current = sub;
    return send({});
  }
  if (pathname === '/sign') {
    const { claims, header } = await json(request);
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'signing', ...header })
      .sign(privateKey);
    return send({ token });
  }
  if (pathname === '/mode') {
    keysDown = (await json(request)).keysDown;
    return send({});
  }
  if (pathname === '/fetches') return send({ fetches });
  if (pathname === '/bad/.well-known/openid-configuration') return send({ issuer: `${issuer}/other` });
  if (pathname === '/bare/.well-known/openid-configuration') return send({ issuer: `${issuer}/bare` });
  if (pathname === '/away/.well-known/openid-configuration') {
    response.statusCode = 302;
    return response.setHeader('location', 'https://example.com/').end();
  }
  if (pathname.startsWith('/interaction/')) return interact(request, response);
  if (pathname === '/jwks') {
    fetches += 1;
    if (keysDown) {
      response.statusCode = 500;
      return response.end();
    }
  }
  return callback(request, response);
}

createServer({ key: readFileSync(keyFile), cert: readFileSync(certificateFile) }, (request, response) => {
  answer(request, response).catch((error) => {
    response.statusCode = 500;
    response.end(String(error));
  });
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));
