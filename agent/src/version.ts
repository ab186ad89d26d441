/** Version of this agent: what the server and `merlon-agent --version` are told. Kept equal to package.json by a test. */
export const AGENT_VERSION = '0.1.0';
