/** Declares a vitest test for each function of a package; see `check-function.ts`. */
import { expect, test } from 'vitest';
import { functionNames, functionProblems, type FunctionTable } from './check-function.ts';

/**
 * Declares a test for each function in the table. Every function that the modules export must have a
 * row, so that no new function is forgotten; the table may have more rows, such as methods of results.
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
    const module = modules.find((candidate) => Object.hasOwn(candidate, name)) ?? {};
    test(`${name} works or says what is wrong`, async () => {
      expect(await functionProblems(name, module, trial)).toEqual([]);
    });
  }
}
