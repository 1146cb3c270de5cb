import { expect, test } from 'vitest';
import { runsInPage } from './run-button.ts';

const program = "import { causal } from '@attn/core';\nconsole.log(causal().type);\n";

test('a program of a page says what it prints, and takes nothing that pages do not have', () => {
  expect(runsInPage(program, 'causal\n')).toBe(true);
  expect(runsInPage(program, undefined)).toBe(false);
  expect(runsInPage(`import { readFile } from 'node:fs';\n${program}`, 'causal\n')).toBe(false);
  expect(runsInPage(`${program}process.exit();\n`, 'causal\n')).toBe(false);
  expect(runsInPage('console.log(causal().type);\n', 'causal\n')).toBe(false);
});
