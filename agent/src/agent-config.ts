/** `config.json` in the configuration folder: what an administrator may set on the device. Every key is optional; an unknown one is refused by name. */
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { IsolationAllowance, MAX_ISOLATION_ALLOWANCES } from '@merlon/contract';
import { type Static, Type } from 'typebox';
import { AgentError, codeOf, messageOf } from './agent-error.ts';
import { check } from './files/check.ts';

const AgentConfig = Type.Object(
  {
    spool: Type.Optional(
      Type.Object(
        { maxBytes: Type.Optional(Type.Integer({ minimum: 1024 * 1024 })) },
        { additionalProperties: false },
      ),
    ),
    isolation: Type.Optional(
      Type.Object(
        {
          /** Name servers that stay reachable for finding the server. Default: those of resolv.conf that are not this machine. */
          resolvers: Type.Optional(Type.Array(Type.String(), { maxItems: 8 })),
          /** What selective isolation leaves reachable besides the server. */
          allow: Type.Optional(Type.Array(IsolationAllowance, { maxItems: MAX_ISOLATION_ALLOWANCES })),
          /** `auto`: only processes of the agent's own cgroup may reach the server, where the kernel can tell. `off`: any process may. */
          cgroup: Type.Optional(Type.Union([Type.Literal('auto'), Type.Literal('off')])),
        },
        { additionalProperties: false },
      ),
    ),
    enforcement: Type.Optional(
      Type.Object(
        {
          /** Paths on the file systems whose programs are judged. Default: every local one; none where the sensor speaks for a part of the machine only. */
          fileSystems: Type.Optional(Type.Array(Type.String({ pattern: '^/' }), { maxItems: 64 })),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type AgentConfig = Static<typeof AgentConfig>;

/** @throws AgentError naming the key that cannot be used. */
export function parseAgentConfig(text: string, path: string): AgentConfig {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new AgentError(`${path} is not JSON: ${messageOf(error)}`, { cause: error });
  }
  const config = check(AgentConfig, value, path);
  for (const [i, resolver] of (config.isolation?.resolvers ?? []).entries()) {
    if (isIP(resolver) === 0) throw new AgentError(`${path}: /isolation/resolvers/${i} is not an IP address`);
  }
  for (const [i, peer] of (config.isolation?.allow ?? []).entries()) {
    if (!isAddressOrNetwork(peer.address)) {
      throw new AgentError(`${path}: /isolation/allow/${i}/address is neither an IP address nor a network`);
    }
    if (peer.port !== undefined && peer.protocol === undefined) {
      throw new AgentError(`${path}: /isolation/allow/${i} has a port but no protocol`);
    }
  }
  return config;
}

export async function readAgentConfig(configDir: string): Promise<AgentConfig> {
  const path = join(configDir, 'config.json');
  try {
    return parseAgentConfig(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return {};
    throw error;
  }
}

function isAddressOrNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}
