/** The resources of SCIM as data (RFC 7643 §4.1, §4.2, §4.3): what is taken, answered and told at /Schemas. */

export interface Attribute {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'reference' | 'dateTime' | 'complex';
  readonly multiValued: boolean;
  readonly description: string;
  readonly required: boolean;
  readonly caseExact: boolean;
  readonly mutability: 'readOnly' | 'readWrite' | 'writeOnly';
  readonly returned: 'always' | 'default' | 'never';
  readonly uniqueness: 'none' | 'server';
  readonly subAttributes?: readonly Attribute[];
}

export interface Schema {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly attributes: readonly Attribute[];
}

export interface ResourceType {
  readonly name: 'User' | 'Group';
  readonly endpoint: '/Users' | '/Groups';
  readonly description: string;
  readonly schema: Schema;
  readonly extensions: readonly Schema[];
}

/** How long a text may be, and how many values an attribute may have. */
export const MOST_TEXT = 1_024;
export const MOST_VALUES = 100;
export const MOST_MEMBERS = 20_000;

type Facts = Partial<Omit<Attribute, 'name' | 'description'>>;
const attribute = (name: string, description: string, facts: Facts = {}): Attribute => ({
  name,
  type: 'string',
  multiValued: false,
  description,
  required: false,
  caseExact: false,
  mutability: 'readWrite',
  returned: 'default',
  uniqueness: 'none',
  ...facts,
});
const complex = (
  name: string,
  description: string,
  subAttributes: readonly Attribute[],
  facts: Facts = {},
): Attribute => attribute(name, description, { type: 'complex', subAttributes, ...facts });

/** Values of one kind of thing, told apart by `type`, one of which is the first choice. */
const several = (name: string, description: string): Attribute =>
  complex(
    name,
    description,
    [
      attribute('value', 'The value itself.'),
      attribute('display', 'How it is shown.'),
      attribute('type', 'Which of them: work, home, mobile …'),
      attribute('primary', 'The first choice; of all values one at most.', { type: 'boolean' }),
    ],
    { multiValued: true },
  );

/** Of every resource (RFC 7643 §3.1). */
export const commonAttributes: readonly Attribute[] = [
  attribute('schemas', 'Schemas of the resource.', {
    type: 'reference',
    multiValued: true,
    caseExact: true,
    mutability: 'readOnly',
    returned: 'always',
  }),
  attribute('id', 'Object id.', {
    caseExact: true,
    mutability: 'readOnly',
    returned: 'always',
    uniqueness: 'server',
  }),
  attribute('externalId', 'The id that the source has for it.', { caseExact: true }),
  complex(
    'meta',
    'About the resource itself.',
    [
      attribute('resourceType', 'User or Group.', { caseExact: true, mutability: 'readOnly' }),
      attribute('created', 'When it was made.', { type: 'dateTime', mutability: 'readOnly' }),
      attribute('lastModified', 'When it was last changed.', { type: 'dateTime', mutability: 'readOnly' }),
      attribute('location', 'Its address.', { type: 'reference', caseExact: true, mutability: 'readOnly' }),
      attribute('version', 'Its ETag.', { caseExact: true, mutability: 'readOnly' }),
    ],
    { mutability: 'readOnly' },
  ),
];

const reference = attribute('$ref', 'Address of the resource.', {
  type: 'reference',
  caseExact: true,
  mutability: 'readOnly',
});

const User: Schema = {
  id: 'urn:ietf:params:scim:schemas:core:2.0:User',
  name: 'User',
  description: 'A person.',
  attributes: [
    attribute('userName', 'The name to sign in with.', { required: true, uniqueness: 'server' }),
    complex('name', 'The name in its parts.', [
      attribute('formatted', 'All of it.'),
      attribute('familyName', 'Family name.'),
      attribute('givenName', 'Given name.'),
      attribute('middleName', 'Middle names.'),
      attribute('honorificPrefix', 'Title before the name.'),
      attribute('honorificSuffix', 'Title after the name.'),
    ]),
    attribute('displayName', 'The name as it is shown.'),
    attribute('nickName', 'What friends say.'),
    attribute('profileUrl', 'Address of a profile page.', { type: 'reference' }),
    attribute('title', 'Position.'),
    attribute('userType', 'Relation to the organisation.'),
    attribute('preferredLanguage', 'Language to be addressed in.'),
    attribute('locale', 'Where numbers and dates are written like that.'),
    attribute('timezone', 'Time zone.'),
    attribute('active', 'Whether the person may sign in.', { type: 'boolean' }),
    attribute('password', 'Read over: passwords are not provisioned.', {
      mutability: 'writeOnly',
      returned: 'never',
    }),
    several('emails', 'E-mail addresses.'),
    several('phoneNumbers', 'Telephone numbers.'),
    complex(
      'addresses',
      'Postal addresses.',
      [
        ...['formatted', 'streetAddress', 'locality', 'region', 'postalCode', 'country', 'type'].map((name) =>
          attribute(name, 'Part of the address.'),
        ),
        attribute('primary', 'The first choice; of all values one at most.', { type: 'boolean' }),
      ],
      { multiValued: true },
    ),
    complex(
      'groups',
      'Provisioned groups the person is in.',
      [
        attribute('value', 'Object id of the group.', { caseExact: true, mutability: 'readOnly' }),
        reference,
        attribute('display', 'Its name.', { mutability: 'readOnly' }),
        attribute('type', 'Always direct.', { mutability: 'readOnly' }),
      ],
      { multiValued: true, mutability: 'readOnly' },
    ),
  ],
};

const EnterpriseUser: Schema = {
  id: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
  name: 'EnterpriseUser',
  description: 'A person in an organisation.',
  attributes: [
    attribute('employeeNumber', 'Number of the employee.'),
    attribute('costCenter', 'Cost centre.'),
    attribute('organization', 'Organisation.'),
    attribute('division', 'Division.'),
    attribute('department', 'Department.'),
    complex('manager', 'Who leads the person.', [
      attribute('value', 'The id that the source has for the manager.', { caseExact: true }),
      attribute('$ref', 'Address of the manager.', { type: 'reference', caseExact: true }),
      attribute('displayName', 'Name of the manager.'),
    ]),
  ],
};

const Group: Schema = {
  id: 'urn:ietf:params:scim:schemas:core:2.0:Group',
  name: 'Group',
  description: 'A user group: its members come from the source, its roles are given here.',
  attributes: [
    attribute('displayName', 'Name of the group.', { required: true, uniqueness: 'server' }),
    complex(
      'members',
      'People of the group.',
      [
        attribute('value', 'Object id of a provisioned person.', { caseExact: true }),
        reference,
        attribute('display', 'Name of the person.', { mutability: 'readOnly' }),
        attribute('type', 'Always User.'),
      ],
      { multiValued: true },
    ),
  ],
};

export const userType: ResourceType = {
  name: 'User',
  endpoint: '/Users',
  description: 'People.',
  schema: User,
  extensions: [EnterpriseUser],
};
export const groupType: ResourceType = {
  name: 'Group',
  endpoint: '/Groups',
  description: 'User groups.',
  schema: Group,
  extensions: [],
};
export const schemas: readonly Schema[] = [User, EnterpriseUser, Group];

/** An attribute of a resource, or one of its parts. */
export interface AttributePath {
  /** Id of the extension that has it; null for the resource's own. */
  readonly extension: string | null;
  readonly attribute: Attribute;
  readonly sub: Attribute | null;
}

export function named(attributes: readonly Attribute[], name: string): Attribute | null {
  const folded = name.toLowerCase();
  return attributes.find((one) => one.name.toLowerCase() === folded) ?? null;
}

/** `name.familyName`, `urn:…:User:userName`, `urn:…:enterprise:2.0:User:manager.value`, in any case. Null: not known. */
export function resolvePath(type: ResourceType, text: string): AttributePath | null {
  const folded = text.toLowerCase();
  const schema = [type.schema, ...type.extensions].find(({ id }) =>
    folded.startsWith(`${id.toLowerCase()}:`),
  );
  const extension = schema !== undefined && schema !== type.schema ? schema : null;
  const rest = schema === undefined ? text : text.slice(schema.id.length + 1);
  const known = extension ? extension.attributes : [...commonAttributes, ...type.schema.attributes];
  const [name = '', part, ...more] = rest.split('.');
  const attribute = named(known, name);
  if (!attribute || more.length > 0) return null;
  if (part === undefined) return { extension: extension?.id ?? null, attribute, sub: null };
  const sub = named(attribute.subAttributes ?? [], part);
  return sub && { extension: extension?.id ?? null, attribute, sub };
}
