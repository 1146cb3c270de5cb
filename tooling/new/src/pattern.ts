/**
 * A new pattern: its file and test, its export, its JSON form, and an example that all properties of
 * patterns run on.
 */
import type { Name } from './name.ts';
import { addLines, type Scaffold } from './scaffold.ts';

const source = ({ camel, words }: Name): string => `\
/** ${words} attention: TODO one sentence. TODO Author year, section, link to the paper. */
import { defineBuiltIn } from './define-pattern.ts';
import type { Pattern } from './pattern.ts';

/**
 * Query position q sees key position k when TODO.
 *
 *     ■ · · ·
 *     · ■ · ·
 *     · · ■ ·
 *     · · · ■
 */
export function ${camel}(): Pattern {
  return defineBuiltIn({
    type: '${camel}',
    allows: (_b, _h, q, k) => q === k,
    // 'some' is always safe. Where whole runs are 'all' or 'none', say so: that is what makes planning fast.
    classify: () => 'some',
  });
}
`;

const test = ({ camel, kebab }: Name): string => `\
import { expect, test } from 'vitest';
import { ${camel} } from './${kebab}.ts';

test('is what its drawing shows', () => {
  const positions = [0, 1, 2, 3];
  const row = (q: number): string => positions.map((k) => (${camel}().allows(0, 0, q, k) ? '■' : '·')).join(' ');
  expect(positions.map(row)).toEqual(['■ · · ·', '· ■ · ·', '· · ■ ·', '· · · ■']);
});
`;

/** Files and touch points of the pattern `name`. */
export function pattern(name: Name): Scaffold {
  const { camel, kebab, words } = name;
  const folder = 'packages/core/src/patterns';
  const imported = `import { ${camel} } from './${kebab}.ts';`;
  const imports = /^import .* from '\.\/.*';$/;
  return {
    files: { [`${folder}/${kebab}.ts`]: source(name), [`${folder}/${kebab}.test.ts`]: test(name) },
    changes: [
      addLines(`${folder}/index.ts`, /^export \{ \w+.* \} from/, `export { ${camel} } from './${kebab}.ts';`),
      addLines(`${folder}/json.ts`, imports, imported),
      addLines(
        `${folder}/json.ts`,
        /^ {2}\['\w+', \(o/,
        `  ['${camel}', (o) => nothing('${camel}', o, ${camel})],`,
      ),
      addLines(`${folder}/examples.testing.ts`, imports, imported),
      addLines(
        `${folder}/examples.testing.ts`,
        /^ {4}'[^']+': .*\),$/,
        `    '${words.toLowerCase()}': ${camel}(),`,
      ),
    ],
    next: [
      `${folder}/${kebab}.ts: say who sees whom in \`allows\`, draw it, and name the paper`,
      'let `classify` answer all and none for whole runs; give shiftInvariant, globals or hints where they hold',
      `${folder}/examples.testing.ts: move the example to where \`classify\` is exact; options take the place of \`nothing\` in json.ts, as slidingWindow's do`,
      'packages/core/src/patterns/json.test.ts: its message lists all types; add this one',
      'docs/patterns.md: a section with its JSON form and a drawing; docs/internals/systems.md: a line in its table',
      '`isCausal: true` if no query ever sees a later key, `isLimit: true` if it says what nobody may see',
      'packages/conformance/src: its spelling in cases/attention/describe-pattern.ts, a row in arguments/core.test.ts',
      'there too: random ones in properties/arbitraries.ts, and a case if it meets the planner in a new way',
      'the lists of patterns in patterns/draw.test.ts and tooling/packages/sizes/tree-shaking.test.mjs',
      'npm run check; npm run changeset',
    ],
  };
}
