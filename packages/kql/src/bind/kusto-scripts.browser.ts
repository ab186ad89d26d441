/** In a browser the worker that uses this package has run the scripts before: only it knows their addresses. */
export function runKustoScripts(): void {}
