/** Compiles one text of YARA rules, says what became of it, and ends. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { Compiler, initSync } from '@virustotal/yara-x';
import type { CompileAnswer } from './yara-compiler.ts';

const MAX_PROBLEM_CHARS = 2_000;
/** The language's own: a rule begins a line or follows another, after `private` or `global`. */
const RULE = /^[ \t]*(?:(?:private|global)[ \t]+)*rule[ \t]+([A-Za-z_][A-Za-z0-9_]*)/gm;

parentPort?.postMessage(compile((workerData as { text: string }).text));

function compile(text: string): CompileAnswer {
  const packageFolder = dirname(createRequire(import.meta.url).resolve('@virustotal/yara-x/package.json'));
  initSync({ module: readFileSync(join(packageFolder, 'pkg/yara_x_js_bg.wasm')) });
  const compiler = new Compiler();
  try {
    compiler.newNamespace('check');
    compiler.addSource(text);
    const compiled = compiler.build();
    const { warnings } = compiled;
    compiled.free();
    const rules = [...text.matchAll(RULE)].map(([, name]) => name ?? '');
    return rules.length > 0 ? { rules, warnings } : { problem: 'there is no rule in it' };
  } catch (error) {
    return { problem: (error instanceof Error ? error.message : String(error)).slice(0, MAX_PROBLEM_CHARS) };
  } finally {
    compiler.free();
  }
}
