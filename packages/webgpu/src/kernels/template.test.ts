// How pieces of text become a kernel: indentation, lines that are left out, lines for each index.
import { expect, test } from 'vitest';
import { each, when, wgsl } from './template.ts';

test('a value alone on its line is indented as the line is, and an empty one takes the line with it', () => {
  const lines = wgsl`
    if (x) {
      a();
    }

    b();`;
  const code = wgsl`
      fn main() {
        ${lines}
        ${when(false, 'c();')}
        ${when(true, 'd();')}
        let y = ${1}u + ${2}u;
      }`;
  expect(code).toBe(`fn main() {
  if (x) {
    a();
  }

  b();
  d();
  let y = 1u + 2u;
}`);
});

test('values are taken as they are, whatever is in them', () => {
  expect(wgsl`${'$& $1'} ${'\\'}`).toBe('$& $1 \\');
  expect(wgsl``).toBe('');
});

test('a piece for each index', () => {
  expect(wgsl`
    {
      ${each(3, (i) => `let x${i} = y[${i}];`)}
    }`).toBe('{\n  let x0 = y[0];\n  let x1 = y[1];\n  let x2 = y[2];\n}');
  expect(each(0, String)).toBe('');
});
