export { type EngineUser, ensureEngineUser } from './engine-user.ts';
export { giveTo, unreachableFor } from './reach.ts';
export {
  type EngineLog,
  type EngineOptions,
  EngineStartError,
  type SupervisedEngine,
  superviseEngine,
} from './supervise.ts';
