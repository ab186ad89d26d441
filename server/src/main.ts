import { nodeVersionProblem } from './config.ts';

const problem = nodeVersionProblem(process.version);
if (problem) {
  process.stderr.write(`merlon: ${problem}\n`);
  process.exit(2);
}
// Loaded only now: on an older Node.js the rest would fail with a puzzle instead of the message above.
const { run } = await import('./cli/program.ts');
// The command is over when it says so, not when the last stray handle closes.
process.exit(await run(process.argv.slice(2)));
