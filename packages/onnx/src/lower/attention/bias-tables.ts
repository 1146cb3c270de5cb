/** Prepares the biases of a call as tables that the steps of scans read. */
import {
  partsByDistance,
  scoreDependsOn,
  sumByDistance,
  tablesOf,
  type AttentionProblem,
  type NodeOf,
} from '@attn/core/backend';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import type { BiasTables, DenseBias } from './logits.ts';
import { emitOffsetBias, positionBiases, type OffsetBias, type OffsetFunction } from './offset-bias.ts';
import { takePairTable, type PairTable } from './pair-table.ts';
import { scorePart, type ScoreTable, type TablesByName } from './score.ts';
import type { PoolTables } from './tables.ts';

/** The tables of a call's biases, for scans over a pool of keys; undefined without any. */
export function biasTables(
  context: LoweringContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
  { run, range, positions }: Pick<PoolTables, 'run' | 'range' | 'positions'>,
  scope: GraphScope,
): BiasTables | undefined {
  const operand = (name: 'alibiSlopes' | 'relativeBias' | 'bias') => {
    const value = context.input(node, name);
    return value === undefined ? undefined : { name: value, shape: context.spec(node.inputs[name]).shape };
  };
  const slopes = operand('alibiSlopes');
  const relative = operand('relativeBias');
  const { batch, heads } = problem;
  const pairs = pairTable(context, node, problem);
  const bias = pairs
    ? { name: context.value(tablesOf(node.inputs)[pairs.table]), shape: pairs.shape }
    : operand('bias');
  const tree = pairs?.tree ?? problem.score?.tree;
  if ([bias, relative, slopes, tree].every((table) => table === undefined)) return undefined;
  const parts = tree === undefined ? [] : [...partsByDistance(tree)];
  const areRowsAlike =
    batch === 1 || ((slopes?.shape.length ?? 0) < 2 && !parts.some(([, part]) => scoreDependsOn(part, 'b')));
  const members = areRowsAlike ? heads : batch * heads;
  const offset = positionBiases({
    problem,
    members,
    slopes,
    relative: relative && { name: relative.name, radius: (relative.shape[1] - 1) / 2 },
  });
  const tableOf = (biases: OffsetFunction): OffsetBias =>
    emitOffsetBias(scope, biases, { members, range: range(), run: run() });
  const tables = scoreTables(context, node, scope);
  const { portable } = context.options;
  return {
    positions,
    score:
      tree === undefined
        ? undefined
        : {
            tree,
            sum: sumByDistance(tree),
            tables,
            parts: new Map(
              parts.map(([key, part]) => [
                key,
                tableOf(scorePart(part, tables, { heads, members, portable })),
              ]),
            ),
          },
    offset: offset && tableOf(offset),
    dense: bias && denseBias(scope, bias, problem, run()),
    flushes: slopes !== undefined || (tree !== undefined && tree !== 's'),
  };
}

/** Whether a call has biases that differ from pair to pair, but not from head to head. */
export function hasBiasOfPairs(
  context: LoweringContext,
  node: NodeOf<'attention'>,
  problem: AttentionProblem,
): boolean {
  const { heads, score } = problem;
  if (heads === 1) return false;
  const pairs = pairTable(context, node, problem);
  const { bias } = node.inputs;
  const shape = pairs?.shape ?? (bias === undefined ? undefined : context.spec(bias).shape);
  if (shape !== undefined) {
    const [width, queries = 1, headsOfBias = 1] = shape.toReversed();
    return width > 1 && queries > 1 && headsOfBias === 1;
  }
  if (score === undefined) return false;
  const { rest } = sumByDistance(score.tree);
  return scoreDependsOn(rest, 'q') && scoreDependsOn(rest, 'k');
}

/** The table of pairs that a score adds, where the call has no dense bias; undefined without any. */
function pairTable(
  context: LoweringContext,
  { inputs }: NodeOf<'attention'>,
  problem: AttentionProblem,
): PairTable | undefined {
  if (inputs.bias !== undefined || problem.score === undefined) return undefined;
  const tables = tablesOf(inputs);
  return takePairTable(problem.score.tree, (name) => context.spec(tables[name]).shape, problem);
}

/** The tables of a call's score, flat. */
function scoreTables(context: LoweringContext, node: NodeOf<'attention'>, scope: GraphScope): TablesByName {
  const entries = Object.entries(tablesOf(node.inputs)).map(([name, id]): [string, ScoreTable] => [
    name,
    { elements: scope.reshape(context.value(id), [-1]), shape: context.spec(id).shape },
  ]);
  return Object.fromEntries(entries);
}

function denseBias(
  scope: GraphScope,
  { name, shape }: { readonly name: Name; readonly shape: readonly number[] },
  { batch, heads, queryLength, keyLength }: AttentionProblem,
  run: number,
): DenseBias {
  const logits = [batch, heads, queryLength, keyLength];
  const [b, h, q, width] = [...Array<number>(4 - shape.length).fill(1), ...shape];
  const isStretched = (extent: number, axis: number): boolean => extent === 1 && logits[axis] !== 1;
  const batchStride = isStretched(b, 0) ? 0 : h * q;
  const headStride = isStretched(h, 1) ? 0 : q;
  const queryStride = isStretched(q, 2) ? 0 : 1;
  const isSame = width === 1;
  // Pieces of a row that hold whole runs of keys: a row is cut without a rest.
  let size = isSame ? 1 : run;
  while (width % size !== 0) size /= 2;
  return {
    table: scope.reshape(name, [-1, size]),
    pieces: width / size,
    size,
    isSame,
    strides: [batchStride, headStride, queryStride],
  };
}
