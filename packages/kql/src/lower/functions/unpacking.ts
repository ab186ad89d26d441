import { gunzipText, gzipText, unzlibText, zlibText } from '../../formats/compressed-text.ts';
import { pathsOfJson } from '../../formats/dynamic-shape.ts';
import { domainFromPunycode, domainToPunycode, fromPunycode, toPunycode } from '../../formats/punycode.ts';
import { jsonOfUserAgent, userAgentTargets } from '../../formats/user-agent.ts';
import { jsonOfXml } from '../../formats/xml.ts';
import { expr } from '../../tree/expression.ts';
import { toText } from '../convert.ts';
import { perValue } from '../per-value.ts';
import type { FunctionFamily, FunctionRule } from './rule.ts';

/** Functions that the engine has nothing for: computed here for each different value. */

const ofText =
  (type: 'string' | 'dynamic', compute: (value: string) => string | undefined): FunctionRule =>
  (call) =>
    expr(
      type,
      perValue(call, toText(call.value(0), call.scope), (value) => compute(value) ?? ''),
      false,
    );

/** parse_user_agent(text, "browser", "os" or "device", or an array of them). */
const parseUserAgent: FunctionRule = (call) => {
  const wanted =
    call.value(1).type === 'dynamic'
      ? call.constantElements(1, 'targets').map((element) => (element.type === 'string' ? element.value : ''))
      : [call.constantText(1, 'a target')];
  const targets = userAgentTargets.filter((target) => wanted.some((name) => name.toLowerCase() === target));
  if (targets.length === 0 || targets.length < wanted.length)
    throw call.scope.semantic(
      `parse_user_agent() looks for ${userAgentTargets.join(', ')}, not for '${wanted.join("', '")}'.`,
      call.nodeAt(1),
    );
  const parsed = perValue(call, toText(call.value(0), call.scope), (value) =>
    jsonOfUserAgent(value, targets),
  );
  return expr('dynamic', parsed, false);
};

export const unpackingFunctions: FunctionFamily = {
  gzip_compress_to_base64_string: ofText('string', gzipText),
  gzip_decompress_from_base64_string: ofText('string', gunzipText),
  zlib_compress_to_base64_string: ofText('string', zlibText),
  zlib_decompress_from_base64_string: ofText('string', unzlibText),
  parse_user_agent: parseUserAgent,
  treepath: (call) =>
    expr(
      'dynamic',
      perValue(call, expr('string', call.json(0), false), (json) => pathsOfJson(json) ?? ''),
      false,
    ),
  parse_xml: ofText('dynamic', jsonOfXml),
  // Kusto's `from_string` encodes and `to_string` decodes; of domains, it is the other way round.
  punycode_from_string: ofText('string', toPunycode),
  punycode_to_string: ofText('string', fromPunycode),
  punycode_domain_from_string: ofText('string', domainFromPunycode),
  punycode_domain_to_string: ofText('string', domainToPunycode),
};
