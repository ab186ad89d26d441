import { createRequire } from 'node:module';

/** Runs the two scripts of `@kusto/language-service-next`, which put `Bridge`, `System` and `Kusto` on `globalThis`. */
export function runKustoScripts(): void {
  const require = createRequire(import.meta.url);
  require('@kusto/language-service-next/bridge.min.js');
  require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');
}
