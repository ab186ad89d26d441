import { ScimError } from '@merlon/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Document } from './match.ts';
import { applyPatch } from './patch.ts';
import { readResource } from './resource.ts';
import { groupType, type ResourceType, userType } from './schema.ts';

const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const patch = (resource: Document, operations: unknown, type: ResourceType = userType) =>
  applyPatch(type, resource, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations: operations,
  });
const typeOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return error instanceof ScimError ? error.scimType : error;
  }
  return 'none';
};
const ann: Document = {
  id: '1',
  userName: 'ann',
  active: true,
  emails: [{ value: 'a', type: 'work', primary: true }],
};
const team: Document = {
  id: '2',
  displayName: 'team',
  members: ['a', 'b', 'c'].map((value) => ({ value, type: 'User' })),
};
const membersOf = (of: Document) => ((of.members ?? []) as { value: string }[]).map(({ value }) => value);

describe('PATCH as Entra ID sends it', () => {
  it('takes capitals, booleans as text, and dotted names without a path', () => {
    expect(
      patch(ann, [
        { op: 'Replace', path: 'active', value: 'False' },
        { op: 'Add', path: 'emails[type eq "home"].value', value: 'h' },
        { op: 'replace', value: { 'name.givenName': 'Ann', [`${enterprise}:department`]: 'R&D' } },
        { op: 'Add', path: `${enterprise}:manager`, value: 'boss' },
        { op: 'Replace', path: 'displayName', value: [{ $ref: null, value: 'Ann L' }] },
      ]),
    ).toEqual({
      id: '1',
      userName: 'ann',
      active: false,
      displayName: 'Ann L',
      name: { givenName: 'Ann' },
      emails: [
        { value: 'a', type: 'work', primary: true },
        { value: 'h', type: 'home' },
      ],
      [enterprise]: { department: 'R&D', manager: { value: 'boss' } },
    });
  });

  it('removes of the members only those it names in the value', () => {
    const left = patch(
      team,
      [{ op: 'Remove', path: 'members', value: [{ $ref: null, value: 'b' }] }],
      groupType,
    );
    expect(membersOf(left)).toEqual(['a', 'c']);
  });
});

describe('PATCH', () => {
  it('adds members once, removes by filter, removes all, replaces', () => {
    const added = patch(
      team,
      [{ op: 'add', path: 'members', value: [{ value: 'c' }, { value: 'd' }] }],
      groupType,
    );
    expect(membersOf(added)).toEqual(['a', 'b', 'c', 'd']);
    expect(membersOf(patch(team, [{ op: 'remove', path: 'members[value eq "a"]' }], groupType))).toEqual([
      'b',
      'c',
    ]);
    expect(membersOf(patch(team, [{ op: 'remove', path: 'members' }], groupType))).toEqual([]);
    expect(
      membersOf(patch(team, [{ op: 'replace', path: 'members', value: [{ value: 'z' }] }], groupType)),
    ).toEqual(['z']);
    expect(patch(team, [{ op: 'replace', value: { id: '2', displayName: 'new' } }], groupType)).toMatchObject(
      {
        displayName: 'new',
      },
    );
  });

  it('keeps one primary value', () => {
    expect(
      patch(ann, [{ op: 'add', path: 'emails', value: [{ value: 'b', primary: true }] }]).emails,
    ).toEqual([
      { value: 'a', type: 'work', primary: false },
      { value: 'b', primary: true },
    ]);
  });

  it('leaves what it was given as it was', () => {
    const before = structuredClone(ann);
    patch(ann, [{ op: 'replace', path: 'emails[type eq "work"].value', value: 'x' }]);
    expect(ann).toEqual(before);
  });

  it.each([
    ['noTarget', { op: 'remove' }],
    ['noTarget', { op: 'replace', path: 'emails[type eq "home"].value', value: 'x' }],
    ['mutability', { op: 'replace', path: 'id', value: 'x' }],
    ['mutability', { op: 'replace', path: 'groups', value: [] }],
    ['mutability', { op: 'remove', path: 'userName' }],
    ['invalidPath', { op: 'add', path: 'shoeSize', value: 1 }],
    ['invalidPath', { op: 'add', path: 'emails[type', value: 1 }],
    ['invalidValue', { op: 'replace', path: 'active', value: 'perhaps' }],
    ['invalidValue', { op: 'replace', path: 'title', value: 5 }],
    ['invalidValue', { op: 'replace', path: 'userName', value: null }],
    ['invalidSyntax', { op: 'move', path: 'title', value: 'x' }],
    ['invalidSyntax', { op: 'add', path: 'title' }],
  ])('answers %s to %j', (expected, operation) => {
    expect(typeOf(() => patch(ann, [operation]))).toBe(expected);
  });

  it('gives a resource or a SCIM error, whatever it is asked', () => {
    const path = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.constantFrom(
        'emails',
        'emails[type eq "work"]',
        'emails.value',
        'name',
        'name.givenName',
        enterprise,
        'active',
      ),
    );
    const operation = fc.record(
      { op: fc.constantFrom('add', 'Remove', 'replace', 'x'), path, value: fc.jsonValue() },
      { requiredKeys: ['op'] },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 5 }), (operations) => {
        try {
          expect(patch(ann, operations)).toMatchObject({ userName: expect.any(String) });
        } catch (error) {
          if (!(error instanceof ScimError)) throw error;
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a resource', () => {
  const core = 'urn:ietf:params:scim:schemas:core:2.0:User';
  it('is taken in the names of its schema, without what only the server writes and without passwords', () => {
    expect(
      readResource(userType, {
        schemas: [core],
        ID: 'x',
        USERNAME: 'ann',
        password: 'secret',
        roles: [],
        emails: [{ VALUE: 'a' }],
        meta: { resourceType: 'User' },
      }),
    ).toEqual({ userName: 'ann', emails: [{ value: 'a' }] });
  });
  it('is refused by name', () => {
    expect(typeOf(() => readResource(userType, { userName: 'x' }))).toBe('invalidSyntax');
    expect(typeOf(() => readResource(userType, { schemas: [core], userName: 'x', shoeSize: 4 }))).toBe(
      'invalidSyntax',
    );
    expect(typeOf(() => readResource(userType, { schemas: [core] }))).toBe('invalidValue');
  });
});
