/**
 * Sets of which nothing is known here: no scanner tells of software or weaknesses. The right answer about a
 * device that is there is an empty set of the right kind; query options are read as of any other set.
 */
import { collectionAnswer, ProductFix, Recommendation, Software, Vulnerability } from '@merlon/contract';
import type { ODataField, ODataSet, ScalarType } from '@merlon/odata';
import { Type } from 'typebox';
import { defineRoute, type Route, type RouteRequest } from '../../http/route.ts';
import { collectionBody, readQuery } from '../../odata/page.ts';
import { type InvestigationDeps, MAX_DEVICES } from './relations.ts';

const fields = (type: ScalarType, names: string): ODataField[] =>
  names.split(' ').map((name) => ({ name, type, filterable: true, sortable: true }));
const set = (name: string, ...parts: (ODataField | ODataField[])[]): ODataSet => ({
  name,
  fields: parts.flat(),
  expandable: [],
  maxTop: MAX_DEVICES,
  paging: { key: 'id', orderBy: [] },
});

const role = 'ViewData.Tvm' as const;
const deviceScope = 'require' as const;

/** What is asked of one device: by address, permission, entity, and the name under which the metadata has it. */
const OF_DEVICE = [
  {
    id: 'machines.software',
    segment: 'software',
    summary: 'List the software of a device.',
    access: { application: ['Software.Read.All'], delegated: ['Software.Read'] },
    answer: collectionAnswer(Software),
    context: 'Software',
    entity: 'Software',
    set: set(
      'software',
      fields('string', 'id name vendor category'),
      fields('int', 'weaknesses exposedMachines installedMachines'),
      fields('number', 'impactScore'),
      fields('bool', 'publicExploit activeAlert isNormalized'),
    ),
  },
  {
    id: 'machines.vulnerabilities',
    segment: 'vulnerabilities',
    summary: 'List the vulnerabilities found on a device.',
    access: { application: ['Vulnerability.Read.All'], delegated: ['Vulnerability.Read'] },
    answer: collectionAnswer(Vulnerability),
    context: 'Collection(Analytics.Contracts.PublicAPI.PublicVulnerabilityDto)',
    entity: 'Vulnerability',
    set: set(
      'vulnerabilities',
      fields('string', 'id name description severity cvssVector cveSupportability'),
      fields('int', 'exposedMachines'),
      fields('number', 'cvssV3 epss'),
      fields('bool', 'publicExploit exploitVerified exploitInKit'),
      fields('datetime', 'publishedOn updatedOn firstDetected'),
    ),
  },
  {
    id: 'machines.recommendations',
    segment: 'recommendations',
    summary: 'List the security recommendations for a device.',
    access: {
      application: ['SecurityRecommendation.Read.All'],
      delegated: ['SecurityRecommendation.Read'],
    },
    answer: collectionAnswer(Recommendation),
    context: 'Recommendations',
    entity: 'Recommendation',
    set: set(
      'recommendations',
      fields('string', 'id productName recommendationName vendor recommendedVersion recommendedVendor'),
      fields('string', 'recommendedProgram recommendationCategory subCategory remediationType status'),
      fields('string', 'relatedComponent'),
      fields('int', 'weaknesses totalMachineCount exposedMachinesCount nonProductivityImpactedAssets'),
      fields('int', 'exposedCriticalDevices'),
      fields('number', 'severityScore configScoreImpact exposureImpact'),
      fields('bool', 'publicExploit activeAlert'),
    ),
  },
  {
    id: 'machines.missingKbs',
    segment: 'getmissingkbs',
    summary: 'List the updates that a device lacks.',
    access: { application: ['Software.Read.All'], delegated: [] },
    answer: collectionAnswer(ProductFix),
    context: 'Collection(microsoft.windowsDefenderATP.api.PublicProductFixDto)',
    entity: 'PublicProductFixDto',
    set: set(
      'missing updates',
      fields('string', 'id name url'),
      fields('int', 'osBuild machineMissedOn cveAddressed'),
    ),
  },
] as const;

const params = Type.Object({ id: Type.String() });

export function unknownSetRoutes({ devices }: InvestigationDeps): Route[] {
  return [
    ...OF_DEVICE.map(({ id, segment, summary, access, answer, context, entity, set }) =>
      defineRoute({
        id,
        method: 'GET',
        path: `/api/machines/:id/${segment}`,
        summary,
        access: { kind: 'api', ...access, role, deviceScope },
        audit: null,
        params,
        responses: { 200: answer },
        collection: { name: context, entity, key: 'id', set },
        async handle(request) {
          await devices.require(request.caller, request.params.id, 'read');
          return { status: 200, body: none(request, set, context) };
        },
      }),
    ),
  ];
}

/** An empty page. @throws ApiError ODataError */
function none(request: Pick<RouteRequest, 'url' | 'origin'>, set: ODataSet, context: string): object {
  const query = readQuery(request, set);
  return collectionBody(request, query, set, context, [], query.count ? 0 : null);
}
