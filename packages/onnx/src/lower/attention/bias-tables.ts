/** Prepares the biases of a call as tables that the steps of scans read. */
import { tablesOf, type AttentionProblem, type NodeOf } from '@attn/core/backend';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import type { BiasTables } from './logits.ts';
import type { ScoreTable, ScoreTables } from './score.ts';

/**
 * The tables of a call's biases; empty without any.
 * @param keyPositions adds the positions of the pool's keys to the model, which only some biases need
 */
export function biasTables(
  context: LoweringContext,
  node: NodeOf<'attention'>,
  { batch, heads, queryLength, keyLength, score }: AttentionProblem,
  keyPositions: () => Name | undefined,
): BiasTables {
  const { main, model } = context;
  const slopes = context.input(node, 'alibiSlopes');
  const relative = context.input(node, 'relativeBias');
  const bias = context.input(node, 'bias');
  if (slopes === undefined && relative === undefined && bias === undefined && score === undefined) return {};
  const width = relative === undefined ? 0 : context.spec(node.inputs.relativeBias).shape[1];
  return {
    keyPositions: keyPositions(),
    score: score && { score, tables: scoreTables(context, node) },
    slopes: slopes && main.reshape(main.op('Expand', [slopes, model.integers([batch, heads])]), [-1]),
    relative:
      relative === undefined ? undefined : { table: main.reshape(relative, [-1]), radius: (width - 1) / 2 },
    dense:
      bias === undefined
        ? undefined
        : denseBias(context, bias, context.spec(node.inputs.bias).shape, [
            batch,
            heads,
            queryLength,
            keyLength,
          ]),
  };
}

/** The tables of a call's score, flat. */
function scoreTables(context: LoweringContext, node: NodeOf<'attention'>): ScoreTables['tables'] {
  const entries = Object.entries(tablesOf(node.inputs)).map(([name, id]): [string, ScoreTable] => [
    name,
    { elements: context.main.reshape(context.value(id), [-1]), shape: context.spec(id).shape },
  ]);
  return Object.fromEntries(entries);
}

function denseBias(
  { main }: LoweringContext,
  bias: Name,
  shape: readonly number[],
  logits: readonly number[],
): BiasTables['dense'] {
  const [b, h, q, width] = [...Array<number>(4 - shape.length).fill(1), ...shape];
  const isStretched = (extent: number, axis: number): boolean => extent === 1 && logits[axis] !== 1;
  const batchStride = isStretched(b, 0) ? 0 : h * q;
  const headStride = isStretched(h, 1) ? 0 : q;
  const queryStride = isStretched(q, 2) ? 0 : 1;
  return { table: main.reshape(bias, [-1, width]), width, strides: [batchStride, headStride, queryStride] };
}
