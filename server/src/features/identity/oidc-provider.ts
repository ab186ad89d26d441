/**
 * oidc-provider, loaded without the advice it prints on every start under Node.js 20 ("use 22"). It runs there, our tests prove what we use of
 * it there, and an operator could do nothing with the line.
 */
export type ProviderLibrary = Pick<
  typeof import('oidc-provider'),
  'Provider' | 'interactionPolicy' | 'errors'
>;

export async function loadProvider(): Promise<ProviderLibrary> {
  const warn = console.warn;
  console.warn = (...words: unknown[]) => {
    if (!String(words[0]).includes('Unsupported runtime')) warn(...words);
  };
  try {
    const { Provider, interactionPolicy, errors } = await import('oidc-provider');
    return { Provider, interactionPolicy, errors };
  } finally {
    console.warn = warn;
  }
}
