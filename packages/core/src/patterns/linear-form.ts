/**
 * Sums of columns: whatever is linear in functions of the query and functions of the key is one function of
 * each, and a constant. So `q.div(8).add(k)`, compared with `q.mod(8)`, is about `q.div(8) − q.mod(8)` and
 * about `k`.
 */
import { mentions, type IntNode } from './expression-tree.ts';
import { valuesOf } from './interval.ts';
import { gcd } from './runs.ts';
import { canonicalJson } from '../util/json-value.ts';

/** A factor times a part of a formula that mentions one variable, and is no sum itself. */
interface Term {
  readonly node: IntNode;
  readonly factor: number;
}

/** The sum of terms of the query, terms of the key, and a constant. */
export interface LinearForm {
  readonly q: readonly Term[];
  readonly k: readonly Term[];
  readonly constant: number;
}

/** Larger numbers might make sums inexact; such expressions are left to interval arithmetic. */
const LARGEST_FACTOR = 2 ** 20;
const LARGEST_CONSTANT = 2 ** 51;
const LARGEST_VALUE = 2 ** 31;

/** The linear form of a tree; undefined if a part of it mixes both variables in another way. */
export function linearForm(node: IntNode): LinearForm | undefined {
  const form = rawForm(node);
  if (form === undefined || Math.abs(form.constant) > LARGEST_CONSTANT) return undefined;
  const isLarge = [...form.q, ...form.k].some(({ factor }) => Math.abs(factor) > LARGEST_FACTOR);
  return isLarge ? undefined : form;
}

/** The difference of two forms. */
export function differenceOf(a: LinearForm, b: LinearForm): LinearForm {
  return plus(a, b, -1);
}

/** The factor of a side, and its terms divided by it; the first of them becomes positive. */
export function primitive(terms: readonly Term[]): { readonly factor: number; readonly node: IntNode } {
  if (terms.length === 0) return { factor: 0, node: 0 };
  const factor = terms.map((term) => term.factor).reduce(gcd, 0) * Math.sign(terms[0].factor);
  const [first, ...others] = terms.map(({ node, factor: own }) => product(node, own / factor));
  return { factor, node: others.reduce<IntNode>((sum, term) => ['add', sum, term], first) };
}

function product(node: IntNode, factor: number): IntNode {
  return factor === 1 ? node : ['mul', node, factor];
}

function rawForm(node: IntNode): LinearForm | undefined {
  if (typeof node === 'number') return { q: [], k: [], constant: node };
  if (typeof node === 'object' && (node[0] === 'add' || node[0] === 'sub' || node[0] === 'mul')) {
    const [a, b] = [linearForm(node[1]), linearForm(node[2])];
    if (a === undefined || b === undefined) return atom(node);
    if (node[0] !== 'mul') return plus(a, b, node[0] === 'add' ? 1 : -1);
    if (isConstant(a)) return times(b, a.constant);
    if (isConstant(b)) return times(a, b.constant);
  }
  return atom(node);
}

/** A part that mentions one variable. Its values must be so small that sums of them are exact. */
function atom(node: IntNode): LinearForm | undefined {
  const byQuery = mentions(node, 'q');
  if (byQuery === mentions(node, 'k')) return undefined;
  const anywhere = { low: -LARGEST_VALUE, high: LARGEST_VALUE, step: 1 };
  const { low, high } = valuesOf(node)(anywhere, anywhere);
  if (low < -LARGEST_VALUE || high > LARGEST_VALUE) return undefined;
  const terms = [{ node, factor: 1 }];
  return byQuery ? { q: terms, k: [], constant: 0 } : { q: [], k: terms, constant: 0 };
}

function isConstant({ q, k }: LinearForm): boolean {
  return q.length === 0 && k.length === 0;
}

function plus(a: LinearForm, b: LinearForm, sign: 1 | -1): LinearForm {
  const constant = a.constant + sign * b.constant;
  return { q: merged(a.q, times(b, sign).q), k: merged(a.k, times(b, sign).k), constant };
}

function times({ q, k, constant }: LinearForm, by: number): LinearForm {
  const scale = (terms: readonly Term[]): readonly Term[] =>
    by === 0 ? [] : terms.map(({ node, factor }) => ({ node, factor: factor * by }));
  return { q: scale(q), k: scale(k), constant: constant * by };
}

/** All terms, those of equal parts added up, in an order that depends on the parts only. */
function merged(a: readonly Term[], b: readonly Term[]): readonly Term[] {
  const byName = new Map<string, Term>();
  for (const term of [...a, ...b]) {
    const name = canonicalJson(term.node);
    byName.set(name, { node: term.node, factor: (byName.get(name)?.factor ?? 0) + term.factor });
  }
  return [...byName.entries()]
    .sort(([x], [y]) => (x < y ? -1 : 1))
    .map(([, term]) => term)
    .filter(({ factor }) => factor !== 0);
}
