import { ScimError } from '@merlon/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFilter, parsePath } from './filter.ts';
import { matches } from './match.ts';
import { groupType, userType } from './schema.ts';

const ann = {
  id: 'A1',
  userName: 'ann@contoso.example',
  active: true,
  name: { familyName: 'Lee' },
  title: 'Engineer',
  emails: [
    { value: 'ann@contoso.example', type: 'work', primary: true },
    { value: 'ann@home.example', type: 'home' },
  ],
  meta: { lastModified: '2026-11-25T10:00:00.000Z' },
  'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { department: 'R&D' },
};
const met = (text: string) => matches(parseFilter(userType, text), ann);

describe('a filter', () => {
  it.each([
    ['userName eq "ANN@contoso.example"', true],
    ['USERNAME Eq "ann@contoso.example"', true],
    ['id eq "a1"', false],
    ['title ne "Engineer"', false],
    ['title co "gin" and title sw "eng" and title ew "ER"', true],
    ['nickName pr', false],
    ['emails pr and not (nickName pr)', true],
    ['active eq "True"', true],
    ['active eq false or name.familyName eq "lee"', true],
    ['nickName pr and active eq true or title pr', true],
    ['nickName pr and (active eq true or title pr)', false],
    ['emails eq "ann@home.example"', true],
    ['emails[type eq "home" and value co "contoso"]', false],
    ['emails[type eq "work"].value eq "ann@contoso.example"', true],
    ['emails.type eq "home"', true],
    [
      'meta.lastModified gt "2026-11-25T09:59:59Z" and meta.lastModified le "2026-11-25T11:00:00+01:00"',
      true,
    ],
    ['title gt "engineer"', false],
    ['title ge "engineer"', true],
    ['nickName eq null', true],
    ['urn:ietf:params:scim:schemas:core:2.0:User:userName sw "ann"', true],
    ['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "r&d"', true],
  ])('%s: %s', (text, expected) => expect(met(text)).toBe(expected));

  it.each([
    '',
    'userName',
    'userName eq',
    'userName is "x"',
    'nobody eq "x"',
    'userName eq "x" and',
    'userName eq "x" "y"',
    '(userName pr',
    'emails[type eq "work"',
    'userName[type eq "x"]',
    'active gt true',
    'userName eq 5',
    'name eq "x"',
    'meta.created gt "yesterday"',
    'meta.created co "2026"',
    'userName gt null',
    `${'('.repeat(100)}userName pr${')'.repeat(100)}`,
    `userName eq "${'x'.repeat(9_000)}"`,
  ])('is refused: %s', (text) => expect(() => met(text)).toThrow(ScimError));

  it('is read or refused by name, whatever it is', () => {
    const words = fc.constantFrom(
      ...[
        'userName',
        'emails',
        'eq',
        'pr',
        'and',
        'or',
        'not',
        '(',
        ')',
        '[',
        ']',
        '"x"',
        'true',
        '.value',
        'name.',
      ],
    );
    const texts = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.array(words, { maxLength: 30 }).map((all) => all.join(' ')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        for (const read of [parseFilter, parsePath])
          try {
            read(userType, text);
          } catch (error) {
            if (!(error instanceof ScimError)) throw error;
          }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a path', () => {
  it('names an attribute, a part, values of it, or an extension', () => {
    expect(parsePath(userType, 'name.givenName')).toMatchObject({
      path: { attribute: { name: 'name' }, sub: { name: 'givenName' } },
      filter: null,
    });
    expect(parsePath(groupType, 'members[value eq "1"]')).toMatchObject({
      path: { attribute: { name: 'members' }, sub: null },
      filter: { kind: 'compare', operator: 'eq', value: '1' },
    });
    expect(parsePath(userType, 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User')).toMatchObject({
      kind: 'extension',
    });
    expect(() => parsePath(userType, 'members')).toThrow("There is no attribute 'members'");
  });
});
