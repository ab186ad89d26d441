import type { Fragment } from './fragment.ts';

type ParameterFragment = Extract<Fragment, { kind: 'parameter' }>;

/** The values that go beside a statement; equal ones share a name. */
export class Parameters {
  readonly values: Record<string, string | readonly string[]> = {};
  readonly #names = new Map<string, string>();
  #next = 0;

  /** `{p0:String}`. */
  placeholder(parameter: ParameterFragment): string {
    const key = parameter.name ?? JSON.stringify([parameter.type, parameter.value]);
    let name = this.#names.get(key);
    if (name === undefined) {
      name = parameter.name ?? `p${this.#next++}`;
      this.#names.set(key, name);
      this.values[name] = parameter.value;
    }
    return `{${name}:${parameter.type}}`;
  }
}
