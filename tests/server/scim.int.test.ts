/** A directory provisions people and groups: the request sequences that Entra ID and Okta document, and what SCIM says besides. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let token: string;
let base: string;
const core = 'urn:ietf:params:scim:schemas:core:2.0';
const patchSchema = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

beforeAll(async () => {
  server = await startServer();
  const made = await server.cli('provisioning', 'create-token', '--name', 'Entra ID');
  token = made.token;
  base = made.address;
});
afterAll(() => server?.dispose());

const ask = (
  method: string,
  path: string,
  json?: unknown,
  headers: Record<string, string> = {},
  bearer = token,
) =>
  server.call(base + path, {
    method,
    token: bearer,
    headers: { ...(json === undefined ? {} : { 'content-type': 'application/scim+json' }), ...headers },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
const patch = (path: string, ...Operations: object[]) =>
  ask('PATCH', path, { schemas: [patchSchema], Operations });
const query = (path: string, filter: string, more = '') =>
  ask('GET', `${path}?filter=${encodeURIComponent(filter)}${more}`);

async function person(userName: string, more: object = {}) {
  const answer = await ask('POST', '/Users', { schemas: [`${core}:User`], userName, active: true, ...more });
  expect(answer.status, answer.text).toBe(201);
  return answer.json();
}
async function group(displayName: string, members: readonly string[] = [], more: object = {}) {
  const answer = await ask('POST', '/Groups', {
    schemas: [`${core}:Group`],
    displayName,
    members: members.map((value) => ({ value })),
    ...more,
  });
  expect(answer.status, answer.text).toBe(201);
  return answer.json();
}

describe('Entra ID', () => {
  it('makes, finds, changes, switches off and removes a person', async () => {
    const missed = await query('/Users', `userName eq "${randomUUID()}"`);
    expect(missed.status).toBe(200);
    expect(missed.json()).toMatchObject({ totalResults: 0, Resources: [] });
    const made = await ask('POST', '/Users', {
      schemas: [`${core}:User`, 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'],
      externalId: 'ext-1',
      userName: 'Test_User@testuser.example',
      active: true,
      displayName: 'lennay',
      emails: [{ primary: true, type: 'work', value: 'a@testuser.example' }],
      meta: { resourceType: 'User' },
      name: { formatted: 'givenName familyName', familyName: 'familyName', givenName: 'givenName' },
      roles: [],
    });
    expect(made.status, made.text).toBe(201);
    expect(made.headers['content-type']).toContain('application/scim+json');
    const user = made.json();
    expect(made.headers.location).toBe(`${base}/Users/${user.id}`);
    expect(made.headers.etag).toBe(user.meta.version);
    expect((await query('/Users', 'userName eq "test_user@TESTUSER.example"')).json().Resources[0].id).toBe(
      user.id,
    );
    expect((await query('/Users', 'externalId eq "ext-1"')).json().totalResults).toBe(1);

    const changed = await patch(
      `/Users/${user.id}`,
      { op: 'Replace', path: 'emails[type eq "work"].value', value: 'new@testuser.example' },
      { op: 'Replace', path: 'name.familyName', value: 'newFamily' },
    );
    expect(changed.json()).toMatchObject({
      emails: [{ value: 'new@testuser.example', type: 'work', primary: true }],
      name: { familyName: 'newFamily', givenName: 'givenName' },
    });
    expect(
      (await patch(`/Users/${user.id}`, { op: 'Replace', path: 'active', value: 'False' })).json(),
    ).toMatchObject({
      active: false,
    });
    expect(await server.cli('account', 'get', user.id)).toMatchObject({
      accountEnabled: false,
      displayName: 'lennay',
    });
    expect((await ask('DELETE', `/Users/${user.id}`)).status).toBe(204);
    const gone = await ask('GET', `/Users/${user.id}`);
    expect(gone.status).toBe(404);
    expect(gone.json()).toMatchObject({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
      status: '404',
    });
  });

  it('makes a group, adds and removes members, asks without them', async () => {
    const ann = await person('ann@testuser.example');
    const bob = await person('bob@testuser.example');
    const made = await group('Analysts', [], {
      externalId: randomUUID(),
      schemas: [`${core}:Group`, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'],
      meta: { resourceType: 'Group' },
    });
    const added = await patch(`/Groups/${made.id}`, {
      op: 'Add',
      path: 'members',
      value: [{ $ref: null, value: ann.id }, { value: bob.id }],
    });
    expect(added.status, added.text).toBe(204);
    const asked = await query(
      '/Groups',
      `id eq "${made.id}" and members eq "${ann.id}"`,
      '&excludedAttributes=members',
    );
    expect(asked.json()).toMatchObject({ totalResults: 1, Resources: [{ displayName: 'Analysts' }] });
    expect(asked.json().Resources[0].members).toBeUndefined();
    expect((await ask('GET', `/Users/${ann.id}`)).json().groups).toMatchObject([
      { value: made.id, display: 'Analysts' },
    ]);
    await patch(`/Groups/${made.id}`, {
      op: 'Remove',
      path: 'members',
      value: [{ $ref: null, value: ann.id }],
    });
    const left = (await ask('GET', `/Groups/${made.id}`)).json();
    expect(left.members.map(({ value }: { value: string }) => value)).toEqual([bob.id]);
    await patch(`/Groups/${made.id}`, { op: 'Replace', path: 'displayName', value: 'Analysts 2' });
    expect((await query('/Groups', 'displayName eq "analysts 2"')).json().totalResults).toBe(1);
    expect((await ask('DELETE', `/Groups/${made.id}`)).status).toBe(204);
    expect((await ask('GET', `/Users/${bob.id}`)).json().groups).toBeUndefined();
  });
});

describe('Okta', () => {
  it('makes a person with a password that is read over, replaces, switches off', async () => {
    const kim = await person('kim@okta.example', {
      name: { givenName: 'Kim', familyName: 'Ng' },
      emails: [{ primary: true, value: 'kim@okta.example', type: 'work' }],
      password: '1mz050nq',
      groups: [],
      locale: 'en-US',
    });
    expect(kim.password).toBeUndefined();
    await expect(server.signIn({ name: 'kim@okta.example', password: '1mz050nq' })).rejects.toThrow(/wrong/);
    const replaced = await ask('PUT', `/Users/${kim.id}`, { ...kim, title: 'Analyst' });
    expect(replaced.json()).toMatchObject({ id: kim.id, title: 'Analyst', active: true });
    const off = await patch(`/Users/${kim.id}`, { op: 'replace', value: { active: false } });
    expect(off.json()).toMatchObject({ active: false, title: 'Analyst' });
    const page = (await ask('GET', '/Users?startIndex=1&count=1')).json();
    expect(page).toMatchObject({ startIndex: 1, itemsPerPage: 1 });
    expect(page.totalResults).toBeGreaterThan(1);
    const team = await group('Okta team', [kim.id]);
    const renamed = await patch(`/Groups/${team.id}`, {
      op: 'replace',
      value: { id: team.id, displayName: 'Okta people' },
    });
    expect(renamed.status).toBe(204);
    await patch(`/Groups/${team.id}`, { op: 'remove', path: `members[value eq "${kim.id}"]` });
    expect((await ask('GET', `/Groups/${team.id}`)).json()).toMatchObject({ displayName: 'Okta people' });
    expect((await ask('GET', `/Groups/${team.id}`)).json().members).toBeUndefined();
    await patch(`/Users/${kim.id}`, { op: 'replace', path: 'password', value: 'pw-in-patch' });
    const trail = JSON.stringify(await server.cli('audit', 'list'));
    expect(trail).toContain('scimUser.replace');
    expect(trail).toContain(kim.id);
    expect(trail).not.toMatch(/1mz050nq|pw-in-patch/);
  });
});

describe('SCIM', () => {
  it('tells what it can do', async () => {
    expect((await ask('GET', '/ServiceProviderConfig')).json()).toMatchObject({
      patch: { supported: true },
      bulk: { supported: false },
      etag: { supported: true },
    });
    expect((await ask('GET', '/ResourceTypes')).json().totalResults).toBe(2);
    expect((await ask('GET', `/Schemas/${core}:User`)).json()).toMatchObject({ id: `${core}:User` });
  });

  it('sorts, pages and answers only with what is asked for', async () => {
    for (const name of ['c', 'a', 'b']) await person(`sort-${name}@s.example`, { title: name });
    const page = await query(
      '/Users',
      'userName sw "sort-"',
      '&sortBy=title&sortOrder=descending&count=2&attributes=title',
    );
    expect(page.json()).toMatchObject({ totalResults: 3, itemsPerPage: 2 });
    expect(page.json().Resources.map(({ title }: { title: string }) => title)).toEqual(['c', 'b']);
    expect(Object.keys(page.json().Resources[0]).sort()).toEqual(['id', 'schemas', 'title']);
  });

  it('keeps a change from overwriting another', async () => {
    const eve = await person('eve@s.example');
    const etag = eve.meta.version;
    expect((await ask('GET', `/Users/${eve.id}`, undefined, { 'if-none-match': etag })).status).toBe(304);
    const body = { schemas: [`${core}:User`], userName: 'eve@s.example', title: 'x' };
    expect((await ask('PUT', `/Users/${eve.id}`, body, { 'if-match': etag })).status).toBe(200);
    const late = await ask('PUT', `/Users/${eve.id}`, body, { 'if-match': etag });
    expect(late.status).toBe(412);
    expect(late.json()).toMatchObject({ status: '412' });
  });

  it('refuses by its own words', async () => {
    await person('twice@s.example');
    const refused = async (
      answer: Promise<{ status: number; json(): unknown }>,
      status: number,
      scimType?: string,
    ) => {
      const { status: got, json } = await answer;
      expect(got).toBe(status);
      expect(json()).toMatchObject({ status: String(status), ...(scimType ? { scimType } : {}) });
    };
    const post = (json: object) => ask('POST', '/Users', { schemas: [`${core}:User`], ...json });
    await refused(post({ userName: 'TWICE@s.example' }), 409, 'uniqueness');
    await refused(post({ userName: 'admin' }), 409, 'uniqueness');
    await refused(post({ userName: 'not a name' }), 400, 'invalidValue');
    await refused(post({ userName: 'x', shoeSize: 4 }), 400, 'invalidSyntax');
    await refused(query('/Users', 'shoeSize eq 4'), 400, 'invalidFilter');
    await refused(
      ask('POST', '/Groups', {
        schemas: [`${core}:Group`],
        displayName: 'g',
        members: [{ value: randomUUID() }],
      }),
      400,
      'invalidValue',
    );
    await refused(
      server.call(`${base}/Users`, {
        method: 'POST',
        token,
        body: '{',
        headers: { 'content-type': 'application/scim+json' },
      }),
      400,
      'invalidSyntax',
    );
    await refused(ask('GET', '/Users', undefined, {}, 'wrong'), 401);
    await refused(ask('GET', '/Nothing'), 404);
  });

  it('neither shows nor changes what is the tenant’s own, keeps the last administrator, and lets go of revoked tokens', async () => {
    const all = (await server.cli('account', 'list')).value as { id: string; userPrincipalName: string }[];
    const administrator = all.find(({ userPrincipalName }) => userPrincipalName.startsWith('admin@'));
    const id = administrator?.id ?? '';
    expect((await ask('GET', `/Users/${id}`)).status).toBe(404);
    expect((await patch(`/Users/${id}`, { op: 'replace', path: 'active', value: false })).status).toBe(404);
    await server.cli('provisioning', 'adopt', id);
    const kept = await patch(`/Users/${id}`, { op: 'replace', path: 'active', value: false });
    expect(kept.status).toBe(403);
    expect(kept.json().detail).toContain('administrator role');
    expect((await ask('DELETE', `/Users/${id}`)).status).toBe(403);
    expect(await server.cli('account', 'get', id)).toMatchObject({ accountEnabled: true });

    const other = await server.cli('tenant', 'create', '--name', 'Fabrikam', '--domain', 'fabrikam.example');
    const foreign = await server.call(`/scim/v2/${other.tenantId}/Users`, { token });
    expect(foreign.status).toBe(401);
    const second = await server.cli('provisioning', 'create-token', '--name', 'second');
    expect((await ask('GET', '/Users', undefined, {}, second.token)).status).toBe(200);
    await server.cli('provisioning', 'revoke-token', second.id);
    expect((await ask('GET', '/Users', undefined, {}, second.token)).status).toBe(401);
    expect(JSON.stringify(await server.cli('provisioning', 'tokens'))).not.toContain(token);
    expect(await server.cli('audit', 'verify')).toMatchObject({ ok: true });
  });
});
