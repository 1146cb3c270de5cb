/** Checks the score of a call, and the tables that it reads. */
import { show } from '../../errors.ts';
import { integerFunction } from '../../scores/evaluate-score.ts';
import { scoreDependsOn, isInteger, someScorePart, type ScoreNode } from '../../scores/score-tree.ts';
import type { TensorSpec } from '../../tensor.ts';
import type { NamedSpecs } from '../op.ts';
import { checkDtype, fail } from '../validate.ts';
import { tableInput, tablesOf, type AttentionProblem } from './spec.ts';

const OP = 'attention';

/** Kernels hold places in tables as 32-bit integers, and addresses of their elements. */
const MOST_ELEMENTS = 2 ** 30;

/**
 * Refuses tables that the score does not read, and those that it cannot read. Errors: `INVALID_ARGUMENT`,
 * `MISSING_INPUT`, `INVALID_DTYPE`, `INVALID_SHAPE`.
 */
export function checkScore(inputs: NamedSpecs, problem: AttentionProblem, dtype: 'f32' | 'f16'): void {
  const uses = problem.score?.tables ?? {};
  const unread = Object.keys(tablesOf(inputs)).find((name) => !Object.hasOwn(uses, name));
  if (unread !== undefined) {
    const names = Object.keys(uses);
    const expected = names.length === 0 ? 'no tables' : `no table but ${names.join(', ')}`;
    fail('INVALID_ARGUMENT', OP, `the score reads ${expected}, got ${show(unread)}`);
  }
  const floats: readonly TensorSpec['dtype'][] = dtype === 'f32' ? ['f32'] : ['f16', 'f32'];
  for (const [name, { rank, isInteger: isOfIntegers }] of Object.entries(uses)) {
    const input = tableInput(name);
    const spec = inputs[input];
    if (spec === undefined) fail('MISSING_INPUT', OP, `the score needs the table ${name}`);
    checkDtype(OP, inputs, input, isOfIntegers ? ['i32'] : floats);
    const size = spec.shape.reduce((product, extent) => product * extent, 1);
    if (spec.shape.length !== rank || size === 0 || size > MOST_ELEMENTS) {
      const expected = `a table of ${rank} axes with 1 to 2^30 elements, as the score reads it`;
      fail('INVALID_SHAPE', OP, `${input} must be ${expected}, got ${show(spec.shape)}`);
    }
  }
  if (problem.score !== undefined) checkDivisors(problem.score.tree, problem);
}

/** Divisors of integers depend on batch row and head at most, and are positive for all of them. */
function checkDivisors(tree: ScoreNode, { batch, heads }: AttentionProblem): void {
  someScorePart(tree, (part) => {
    if (typeof part !== 'object' || (part[0] !== 'div' && part[0] !== 'mod')) return false;
    const [name, dividend, divisor] = part;
    if (!isInteger(dividend) || !isInteger(divisor)) return false;
    const valueOf = integerFunction(divisor);
    const batches = scoreDependsOn(divisor, 'b') ? batch : 1;
    for (let b = 0; b < batches; b++) {
      for (let h = 0; h < (scoreDependsOn(divisor, 'h') ? heads : 1); h++) {
        if (valueOf(b, h) > 0) continue;
        const place = `in head ${h} of batch row ${b}`;
        fail(
          'INVALID_ARGUMENT',
          OP,
          `the score's ${name} must divide by a positive number, got ${valueOf(b, h)} ${place}`,
        );
      }
    }
    return false;
  });
}
