export { type EngineUser, ensureEngineUser } from './engine-user.ts';
export { type DeathSignal, type Identity, type Launch, launchAs } from './launch.ts';
export { giveTo, unreachableFor } from './reach.ts';
export { EngineBusyError } from './run-record.ts';
export {
  type EngineLog,
  type EngineOptions,
  EngineStartError,
  type SupervisedEngine,
  superviseEngine,
} from './supervise.ts';
