/**
 * The parts of a score that depend on nothing but the batch row, the head, and how far the key is from its
 * query. A backend may keep such a part as a table of all distances.
 */
import { isInteger, isTable, isTest, scoreOperands, type ScoreNode, type ScoreTest } from './score-tree.ts';

type ScorePart = ScoreNode | ScoreTest;

/** How a part is named: equal parts are one. */
export function partKey(part: ScoreNode): string {
  return JSON.stringify(part);
}

/** The greatest parts of a tree that are numbers by distance, each once, by their keys. */
export function partsByDistance(tree: ScoreNode): ReadonlyMap<string, ScoreNode> {
  const parts = new Map<string, ScoreNode>();
  const visit = (node: ScorePart, isNumber: boolean): void => {
    if (isNumber && !isTest(node) && isByDistance(node)) {
      parts.set(partKey(node), node);
      return;
    }
    const operands = scoreOperands(node);
    const areNumbers = isTest(node)
      ? operands.some((operand) => !isTest(operand) && !isInteger(operand))
      : !isInteger(node) && !isTable(node);
    for (const operand of operands) visit(operand, areNumbers);
  };
  visit(tree, true);
  return parts;
}

/** A sum of a score and parts by distance. */
export interface DistanceSum {
  /** The tree without these parts. */
  readonly rest: ScoreNode;
  readonly addends: readonly { readonly part: ScoreNode; readonly sign: 1 | -1 }[];
}

/** Takes parts by distance off a tree that adds or subtracts them last. */
export function sumByDistance(tree: ScoreNode): DistanceSum {
  if (typeof tree !== 'object' || isInteger(tree) || (tree[0] !== 'add' && tree[0] !== 'sub'))
    return { rest: tree, addends: [] };
  const [name, a, b] = tree;
  if (isByDistance(b)) {
    const { rest, addends } = sumByDistance(a);
    return { rest, addends: [...addends, { part: b, sign: name === 'add' ? 1 : -1 }] };
  }
  if (name === 'sub' || !isByDistance(a)) return { rest: tree, addends: [] };
  const { rest, addends } = sumByDistance(b);
  return { rest, addends: [...addends, { part: a, sign: 1 }] };
}

/** Whether a part varies along the positions, but is the same for all pairs that are equally far apart. */
function isByDistance(node: ScoreNode): boolean {
  return typeof node === 'object' && growthOf(node) === 0 && dependsOnPositions(node);
}

function dependsOnPositions(node: ScorePart): boolean {
  return node === 'q' || node === 'k' || scoreOperands(node).some(dependsOnPositions);
}

/**
 * By how much the value of a part grows if both positions grow by 1. Undefined where that is not the same for
 * all pairs, or not known.
 */
function growthOf(node: ScorePart): number | undefined {
  if (node === 'q' || node === 'k') return 1;
  if (node === 's') return undefined;
  const growths = scoreOperands(node).map(growthOf);
  if (growths.every((growth) => growth === 0)) return 0;
  const [a, b = 0] = growths;
  if (typeof node !== 'object' || a === undefined || b === undefined) return undefined;
  // Positions are far from the end of 32 bits, which their sums with constants might pass.
  if (isTest(node)) return scoreOperands(node).every(isPosition) ? 0 : undefined;
  if (!isInteger(node)) return undefined;
  switch (node[0]) {
    case 'add':
      return a + b;
    case 'sub':
      return a - b;
    case 'neg':
      return -a;
    default:
      return undefined;
  }
}

function isPosition(node: ScorePart): boolean {
  return node === 'q' || node === 'k';
}
