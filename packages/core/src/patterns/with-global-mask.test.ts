import { describe, expect, it } from 'vitest';
import { causal } from './causal.ts';
import { and, not, or } from './combinators.ts';
import { definePattern } from './define-pattern.ts';
import { full } from './full.ts';
import { globalTokens } from './global-tokens.ts';
import { keyPadding } from './key-padding.ts';
import type { Pattern } from './pattern.ts';
import { perHead } from './per-head.ts';
import { segments } from './segments.ts';
import { sinks } from './sinks.ts';
import { slidingWindow } from './sliding-window.ts';
import { strided } from './strided.ts';
import { withGlobalMask } from './with-global-mask.ts';

const window = slidingWindow({ before: 4, after: 0 });
const globals = globalTokens();
const padding = keyPadding({ lengths: [9] });
const documents = segments({ ids: [0, 0, 1, 1] });

/** A user's limit: it hides every second key. */
const evenKeys = definePattern({
  type: 'evenKeys',
  isLimit: true,
  allows: (_b, _h, _q, k) => k % 2 === 0,
  classify: () => 'some',
});
/** A user's causal pattern. */
const past = definePattern({
  type: 'past',
  isCausal: true,
  allows: (_b, _h, q, k) => k <= q,
  classify: () => 'some',
});

const cases: readonly (readonly [what: string, pattern: Pattern, expected: Pattern])[] = [
  ['adds global tokens to any pattern', window, or(window, globals)],
  [
    'adds them to those that the pattern has by itself',
    or(window, globalTokens([0])),
    or(or(window, globalTokens([0])), globals),
  ],
  [
    'leaves a pattern alone that speaks of them',
    and(globalTokens({ symmetric: false }), window),
    and(globalTokens({ symmetric: false }), window),
  ],
  ['never widens causality', and(window, causal()), and(or(window, globals), causal())],
  ['never widens causality alone', causal(), and(or(full(), globals), causal())],
  [
    'never widens causality of a nested and',
    and(and(causal(), window), sinks(4)),
    and(or(and(window, sinks(4)), globals), causal()),
  ],
  [
    'never widens what is causal by definition',
    strided({ stride: 3 }),
    and(or(strided({ stride: 3 }), globals), causal()),
  ],
  [
    'never widens causality of all alternatives',
    or(and(window, causal()), strided({ stride: 3 })),
    and(or(or(and(window, causal()), strided({ stride: 3 })), globals), causal()),
  ],
  ['does not take one causal alternative for all', or(causal(), window), or(or(causal(), window), globals)],
  ['does not take not(causal) for causal', not(causal()), or(not(causal()), globals)],
  [
    'keeps padding and documents',
    and(window, padding, documents),
    and(or(window, globals), padding, documents),
  ],
  ["keeps a user's limit", and(window, evenKeys), and(or(window, globals), evenKeys)],
  ["keeps a user's limit alone", evenKeys, and(or(full(), globals), evenKeys)],
  [
    'keeps a combination of limits',
    and(window, or(padding, evenKeys)),
    and(or(window, globals), or(padding, evenKeys)),
  ],
  [
    'does not take one limit among alternatives for all',
    or(window, padding),
    or(or(window, padding), globals),
  ],
  ["never widens a user's causal pattern", past, and(or(past, globals), causal())],
  [
    "never widens causality of a user's alternatives",
    or(past, strided({ stride: 3 })),
    and(or(or(past, strided({ stride: 3 })), globals), causal()),
  ],
  [
    'treats each head by itself',
    perHead([window, and(window, causal())]),
    perHead([or(window, globals), and(or(window, globals), causal())]),
  ],
];

describe('withGlobalMask', () => {
  it.each(cases)('%s', (_what, pattern, expected) => {
    expect(withGlobalMask(pattern).toJSON()).toEqual(expected.toJSON());
  });

  it('needs the mask from then on', () => {
    expect(withGlobalMask(and(window, causal())).inputs).toEqual(['globalMask']);
  });
});
