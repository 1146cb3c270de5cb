/** Writes a tree of `where` as the methods of TypeScript: `k.le(q).and(q.sub(k).lt(256))`. */
import type { Tree } from './formula.ts';

/** What a comparison becomes when its sides change places. */
const MIRRORED = new Map([
  ['lt', 'gt'],
  ['le', 'ge'],
  ['gt', 'lt'],
  ['ge', 'le'],
]);
const COMMUTATIVE = new Set(['add', 'mul', 'min', 'max', 'eq', 'ne']);

/** The expression of a tree. */
export function formulaCode(tree: Tree): string {
  if (typeof tree === 'boolean') return tree ? 'always' : 'never';
  if (!Array.isArray(tree)) return String(tree);
  const [name, first, ...others] = tree as readonly [string, ...Tree[]];
  const [operand] = others;
  if (typeof first === 'number' && operand !== undefined) {
    const mirrored = MIRRORED.get(name) ?? (COMMUTATIVE.has(name) ? name : undefined);
    if (mirrored !== undefined && typeof operand !== 'number') return formulaCode([mirrored, operand, first]);
  }
  return `${receiverCode(first)}.${name}(${others.map(formulaCode).join(', ')})`;
}

/** A number has no methods of a formula; 0 times a variable, plus the number, has. */
function receiverCode(tree: Tree): string {
  return typeof tree === 'number' ? `q.mul(0).add(${tree})` : formulaCode(tree);
}

/** Whether each variable and constant stands in a tree. */
export function namesIn(tree: Tree): readonly string[] {
  const names = new Set<string>();
  const visit = (node: Tree): void => {
    if (typeof node === 'boolean') names.add(node ? 'always' : 'never');
    else if (typeof node === 'number') return;
    else if (typeof node === 'string') names.add(node);
    else {
      const [, ...operands] = node;
      operands.forEach((operand) => {
        if (typeof operand === 'number' && operand === operands[0]) names.add('q');
        visit(operand);
      });
    }
  };
  visit(tree);
  return ['q', 'k', 'head', 'batch', 'always', 'never'].filter((name) => names.has(name));
}
