/** Random expressions, for tests. Not published. */
import fc from 'fast-check';
import type { Arithmetic, BoolNode, Comparison, IntNode } from './expression-tree.ts';

/** Random trees of up to four levels. */
export const { bool: anyTree } = fc.letrec<{ int: IntNode; bool: BoolNode }>((tie) => {
  const two = <T extends string>(...names: T[]): fc.Arbitrary<readonly [T, IntNode, IntNode]> =>
    fc.tuple(fc.constantFrom(...names), tie('int'), tie('int'));
  const divisor = fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constant(['add', 'head', 1] as const));
  return {
    int: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constantFrom<IntNode>('q', 'k'),
      fc.integer({ min: -12, max: 40 }),
      fc.constantFrom<IntNode>('head', 'batch', ['sub', 'q', 'k']),
      two<Arithmetic>('add', 'sub', 'mul', 'min', 'max'),
      fc.tuple(fc.constantFrom<Arithmetic>('div', 'mod'), tie('int'), divisor),
      fc.tuple(fc.constant('abs' as const), tie('int')),
    ),
    bool: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      two<Comparison>('eq', 'ne', 'lt', 'le', 'gt', 'ge'),
      fc.tuple(fc.constantFrom('and' as const, 'or' as const), tie('bool'), tie('bool')),
      fc.tuple(fc.constant('not' as const), tie('bool')),
      fc.boolean(),
    ),
  };
});
