// The page says what was found: counts, reasons, failures, and where a backend or a runtime was not there.
import { expect, test } from 'vitest';
import { inOneLine, toMarkdown } from './matrix.mjs';

test('a matrix of what passed, failed and is unsupported', () => {
  const passed = { passed: 3, failed: 0, unsupported: 0 };
  const markdown = toMarkdown([
    {
      backend: 'cpu',
      runtime: 'Node',
      report: { summary: 'plain', groups: { relu: passed }, failures: [], reasons: {} },
    },
    {
      backend: 'cpu',
      runtime: 'Bun',
      report: {
        summary: 'plain',
        groups: { relu: { passed: 1, failed: 1, unsupported: 1 } },
        failures: [{ id: 'attn:relu:x=1', message: 'attn:relu:x=1 on cpu: why it is there\nworst at [0]' }],
        reasons: { 'relu: no halves': 1 },
      },
    },
    { backend: 'gpu', runtime: 'Node', report: { unavailable: 'there is no adapter' } },
    { backend: 'gpu', runtime: 'Bun', report: { broken: 'ended with SIGSEGV: at 0x0' } },
  ]);
  expect(markdown).toMatchInlineSnapshot(`
    "|      | cpu                        | gpu           |
    | ---- | -------------------------- | ------------- |
    | Node | 3                          | not available |
    | Bun  | 1, 1 failed, 1 unsupported | broke off     |

    ### cpu

    - Node: plain
    - Bun: plain

    |      | Node | Bun                        |
    | ---- | ---- | -------------------------- |
    | relu | 3    | 1, 1 failed, 1 unsupported |

    Unsupported:

    - Bun, 1 ×: relu: no halves

    Failed:

    - Bun: \`attn:relu:x=1\`: attn:relu:x=1 on cpu: why it is there worst at [0]

    ### gpu

    - Node: not available: there is no adapter
    - Bun: broke off: ended with SIGSEGV: at 0x0"
  `);
});

test('the whole in one line', () => {
  const run = (failed, unsupported) => ({ report: { groups: { relu: { passed: 3, failed, unsupported } } } });
  expect(inOneLine([run(0, 0), run(0, 0)])).toBe(
    '**All cases that ran pass on all 2 pairs of backend and runtime**.',
  );
  expect(inOneLine([run(0, 1), run(1, 0), { report: { unavailable: 'there is no adapter' } }])).toBe(
    '**All cases that ran pass on 1 of 3 pairs of backend and runtime**, but for 1 that a backend declares as unsupported; the table has the others.',
  );
});
