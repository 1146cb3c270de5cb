/** Scores that add a table which has an element for each pair: the table is a dense bias. */
import { sumByDistance, type AttentionProblem, type IndexVariable, type ScoreNode } from '@attn/core/backend';

/** A score without the table of pairs that it adds. */
export interface PairTable {
  readonly tree: ScoreNode;
  readonly table: string;
  /** The table's shape as a bias, [B or 1, H or 1, Nq or 1, Nk]. */
  readonly shape: readonly number[];
}

const AXES: readonly IndexVariable[] = ['b', 'h', 'q', 'k'];

/**
 * Takes a table of pairs off a score that adds it to the score before. Undefined where there is none, or
 * where places may be outside of it.
 */
export function takePairTable(
  tree: ScoreNode,
  shapeOf: (table: string) => readonly number[],
  { batch, heads, queryLength, keyLength, queryOffset }: AttentionProblem,
): PairTable | undefined {
  const { rest, addends } = sumByDistance(tree);
  if (typeof rest !== 'object' || rest[0] !== 'add') return undefined;
  const [, a, b] = rest;
  const added = a === 's' ? b : b === 's' ? a : undefined;
  if (typeof added !== 'object' || added[0] !== 'table' || queryOffset !== 0) return undefined;
  const [, table, ...index] = added;
  const extents = [batch, heads, queryLength, keyLength];
  const axes = AXES.filter((axis) => index.includes(axis));
  const isInOrder = axes.length === index.length && axes.every((axis, i) => axis === index[i]);
  const shape = AXES.map((axis, i) => (axes.includes(axis) ? extents[i] : 1));
  const isWhole = shapeOf(table).every((extent, i) => extent === extents[AXES.indexOf(axes[i])]);
  if (!isInOrder || !isWhole || !axes.includes('k')) return undefined;
  const others = addends.reduce<ScoreNode>(
    (sum, { part, sign }) => [sign === 1 ? 'add' : 'sub', sum, part],
    's',
  );
  return { tree: others, table, shape };
}
