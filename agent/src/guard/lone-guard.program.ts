/** For tests: an execution guard in a process of its own, which can be killed. Arguments: the threads' program, what is guarded, the SHA-256 that is denied. */
import { quietLog } from '../testing/quiet-log.ts';
import { ExecutionGuard } from './execution-guard.ts';

const [, , program = '', guarded = '', value = ''] = process.argv;
const guard = new ExecutionGuard({ guarded: [guarded], log: quietLog(), hit: () => undefined, program });
await guard.enforce({
  indicators: new Map([[value, 'deny']]),
  restriction: null,
});
console.log('in force');
setInterval(() => undefined, 60_000);
