/** The functions of a package as vitest tests, one each; see `check-function.ts`. */
import { expect, test } from 'vitest';
import { functionNames, functionProblems, type FunctionTable } from './check-function.ts';

/**
 * Declares the tests. Every export of the modules that can be called must stand in the table, so that a new
 * one is not forgotten; the table may hold more, such as methods of what functions return.
 *
 * @example
 * import * as module from './index.ts';
 * describeFunctions([module], { cpu: { args: () => [{ poison: true }], options: [0] } });
 */
export function describeFunctions(modules: readonly object[], table: FunctionTable): void {
  test('every public function has right arguments to be tried with', () => {
    expect(modules.flatMap(functionNames).filter((name) => !Object.hasOwn(table, name))).toEqual([]);
  });
  for (const [name, trial] of Object.entries(table)) {
    if (typeof trial === 'string') continue;
    const module = modules.find((each) => Object.hasOwn(each, name)) ?? {};
    test(`${name} works or says what is wrong`, async () => {
      expect(await functionProblems(name, module, trial)).toEqual([]);
    });
  }
}
