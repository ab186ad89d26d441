import { describe, expect, it } from 'vitest';
import { idOfNamed, type NamedThing } from './named-things.ts';

const ID = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const answers: Readonly<Record<string, object>> = {
  'role.list': { value: [{ id: ID, name: 'Tier 1' }] },
  'deviceGroup.list': {
    value: [
      { id: 1, name: 'EMEA' },
      { id: 0, name: 'UnassignedGroup' },
    ],
  },
  'account.list': {
    value: [
      { id: 'a', userPrincipalName: 'ann@contoso.example' },
      { id: 'b', userPrincipalName: 'joann@contoso.example' },
      { id: 'c', userPrincipalName: 'bob@contoso.example' },
      { id: 'd', userPrincipalName: 'bob@fabrikam.example' },
    ],
  },
};

describe('what is called by its name', () => {
  const asked: unknown[] = [];
  const context = {
    async call<T>(name: string, input: unknown): Promise<T> {
      asked.push([name, input]);
      return answers[name] as T;
    },
  };
  const idOf = (kind: NamedThing, word: string) => idOfNamed(context, kind, word, { tenant: 'contoso' });

  it('is found whatever its letter case, in the tenant that is named', async () => {
    expect(await idOf('role', 'tier 1')).toBe(ID);
    expect(asked).toEqual([['role.list', { tenant: 'contoso' }]]);
    expect(await idOf('deviceGroup', 'emea')).toBe(1);
    expect(await idOf('person', 'ann')).toBe('a');
    expect(await idOf('person', 'Bob@Fabrikam.example')).toBe('d');
  });

  it('is not looked up when it is an id', async () => {
    asked.length = 0;
    expect(await idOf('role', ID)).toBe(ID);
    expect(await idOf('deviceGroup', '12')).toBe(12);
    expect(asked).toEqual([]);
  });

  it('is refused by name when there is none, or more than one', async () => {
    await expect(idOf('role', 'Tier 9')).rejects.toThrow(
      'There is no role "Tier 9"; `merlon role list` shows all.',
    );
    await expect(idOf('person', 'bob')).rejects.toThrow(/More than one person is called "bob"/);
  });
});
