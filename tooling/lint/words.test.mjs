// Each test plants a source with a fault, and checks that the rule names the place and says what to do.
import { describe, expect, test } from 'vitest';
import { useTree } from './tree.testing.mjs';
import { wordViolations } from './words.mjs';

const tree = useTree();

const plant = (source, file = 'packages/core/src/a.ts') => tree.plant(file, source);
const words = (count) => `${'word '.repeat(count / 5 - 1)}word.`;

describe('comments', () => {
  test.each([
    ['a line comment', `// ${words(110)}\n`, 1],
    ['a line of a block', `/**\n * Ends.\n * ${words(110)}\n */\n`, 3],
    ['a shader inside a template', `const shader = \`\n  // ${words(110)}\n\`;\n`, 2],
  ])('%s over 110 columns is refused', (_, source, line) => {
    plant(source);
    const start = source.split('\n')[line - 1].trim().slice(0, 60);
    const violation = new RegExp(
      `^packages/core/src/a.ts:${line}: (.*)…: \\d+ columns: break the comment at 110`,
    );
    expect(wordViolations(tree.root)).toEqual([expect.stringMatching(violation)]);
    expect(violation.exec(wordViolations(tree.root)[0])[1]).toBe(start);
  });

  test.each([
    ['110 columns', `// ${words(105)}\n`],
    ['code', `const text = '${words(150)}';\n`],
    ['a long address alone', `/**\n * https://example.org/${'path/'.repeat(30)}\n */\n`],
  ])('%s may be', (_, source) => {
    plant(source);
    expect(wordViolations(tree.root)).toEqual([]);
  });

  test('what others wrote and what a build wrote is not looked at', () => {
    for (const folder of ['node_modules/x', 'dist', 'reports']) {
      plant(`// ${words(150)}\n`, `packages/core/${folder}/a.mjs`);
    }
    expect(wordViolations(tree.root)).toEqual([]);
  });
});

describe('docstrings', () => {
  /** A docstring whose opening is written in two parts, so that this file may hold what the rule refuses. */
  const docstring = (text) => `/${'**'}${text}*/`;

  test.each([
    [' The same in small steps. ', 1],
    [' Of sums. ', 1],
    ['\n * Both at once.\n ', 2],
    [' Writes them. ', 1],
    [' It is so. ', 1],
  ])('%j leans on its neighbour', (text, line) => {
    plant(`${docstring(text)}\nexport const a = 1;\n`);
    const start = text.replace('\n *', '').trim();
    const violation = `packages/core/src/a.ts:${line}: ${start}`;
    expect(wordViolations(tree.root)).toEqual([expect.stringContaining(violation)]);
    expect(wordViolations(tree.root)[0]).toContain('a docstring is read alone');
  });

  test('in a text that a scaffold writes, too', () => {
    plant(`const text = \`\n  ${docstring(' Of sums. ')}\n\`;\n`);
    expect(wordViolations(tree.root)).toEqual([
      expect.stringContaining('packages/core/src/a.ts:2: Of sums.'),
    ]);
  });

  test.each([' Adds two numbers. ', ' Often so. ', '\n * Adds numbers.\n * As usual.\n '])(
    '%j may be',
    (text) => {
      plant(`${docstring(text)}\nexport const a = 1;\n// The same again.\n`);
      expect(wordViolations(tree.root)).toEqual([]);
    },
  );
});

describe('names', () => {
  test.each([
    ['const found = 1;', 'found'],
    ['let { value: given } = options;', 'given'],
    ['const [first, ...kept] = list;', 'kept'],
    ['function sum(known: number) {}', 'known'],
    ['const f = (one = 1) => one;', 'one'],
    ['type F = (seen: number) => void;', 'seen'],
    ['for (const made of list) {}', 'made'],
    ['try {} catch (told) {}', 'told'],
    ['interface Placed {}', 'Placed'],
    ['type Told = number;', 'Told'],
    ['interface A { readonly wanted: string }', 'wanted'],
    ['class A { #shown = 1; }', 'shown'],
    ['class A { constructor(private readonly taken: string) {} }', 'taken'],
    ['const o = { drawn: 1 };', 'drawn'],
    ['const read = bytes();', 'read'],
    ['const each = count / 2;', 'each'],
    ['const left = n - 1;', 'left'],
    ['const FOUND = 1;', 'FOUND'],
    ['const bound = pattern.bind(data);', 'bound'],
  ])('%s is refused', (source, name) => {
    plant(`${source}\n`);
    expect(wordViolations(tree.root)).toEqual([
      expect.stringContaining(`packages/core/src/a.ts:1: ${name}: a value is named by a noun, such as `),
    ]);
  });

  test.each([
    ['a verb for a function', 'const read = () => 1;\nfunction f(read: () => number) { return read(); }'],
    ['a method', 'class A { read() {} }\ninterface B { read(): void; readonly read: () => void }'],
    ['an implementation', 'const store = { read: fs.readFile, read() {} };'],
    ['a loop over elements', 'for (const each of list) each();\nlist.map((each) => each);'],
    ['a limit', 'const bound = 4e-6; function close(bound: number) {}'],
    ['two sides', 'const [left, right] = pair;'],
    ['a property of another', 'const { found } = theirs;'],
    ['part of a longer name', 'const isKnown = 1; const oneHead = 2;'],
  ])('%s may be', (_, source) => {
    plant(`${source}\n`);
    expect(wordViolations(tree.root)).toEqual([]);
  });
});

test('a source that cannot be parsed is named', () => {
  plant('const = 1;\n');
  expect(() => wordViolations(tree.root)).toThrow('packages/core/src/a.ts: ');
});
