/**
 * Tolerances are tight enough to mean something, wide enough for honest float32, and derived from the right
 * logits. By default a quarter of the cases is tried, as only changes of core's reference and of this
 * package can break it.
 */
import { f32, full, GraphBuilder, type Graph, type Tensors } from '@attn/core';
import { type AttentionAttributes } from '@attn/core/backend';
import { attentionReference, toReference, type NamedReferences } from '@attn/core/reference';
import { describe, expect, test } from 'vitest';
import { attentionCaseList } from '../cases/attention.cases.ts';
import { allCases } from '../cases/index.ts';
import { fill } from '../data.ts';
import { isWholeRun } from '../environment.ts';
import { oracle } from '../oracle.ts';
import { isInPart } from '../select.ts';
import { attentionPairs } from './attention-pairs.ts';
import { expError, gamma, storageError, UNIT } from './rounding.ts';

function attentionGraph(inputs: Tensors, attributes: Partial<AttentionAttributes> = {}): Graph {
  const builder = new GraphBuilder();
  const [q, k, v] = ['q', 'k', 'v'].map((name) => builder.input(name, inputs[name]));
  return builder.build({ out: builder.attention({ q, k, v }, { pattern: full(), ...attributes }).out });
}

function attentionInputs(n: number, d: number, gain: number): Tensors {
  const rows = (seed: number, factor: number) => f32([1, 1, n, d], fill(`bell*${factor}`, n * d, seed));
  return { q: rows(1, gain), k: rows(2, gain), v: rows(3, 1) };
}

const isTried = ({ id }: { readonly id: string }): boolean =>
  isWholeRun() || isInPart({ part: 1, of: 4 }, id);

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, value), 0);

describe('the constants', () => {
  test('bound what float32 does', () => {
    expect(UNIT).toBe(2 ** -24);
    expect(gamma(64)).toBeCloseTo(64 * UNIT, 9);
    expect(storageError('f32', 1 + UNIT)).toBeGreaterThanOrEqual(UNIT);
    expect(storageError('f16', 1)).toBeGreaterThanOrEqual(2 ** -11);
    expect(storageError('i32', 1e9)).toBe(0);
    expect(storageError('f32', Infinity)).toBe(0);
    expect(expError(-10)).toBeGreaterThan(expError(0));
  });
});

describe('attention', () => {
  test('errors grow with the reduction length and with the logits, not with what is hidden', () => {
    const at = (n: number, d: number, gain: number): number => {
      const inputs = attentionInputs(n, d, gain);
      return largest(oracle(attentionGraph(inputs), inputs).out.tolerance);
    };
    expect(at(20, 128, 1)).toBeGreaterThan(at(20, 8, 1));
    expect(at(20, 8, 3)).toBeGreaterThan(at(20, 8, 1));
    expect(at(20, 8, 1)).toBeLessThan(1e-5);
  });

  test('a row that one key decides stays tight however large its logits are', () => {
    const inputs = {
      q: f32([1, 1, 1, 1], [100]),
      k: f32([1, 1, 2, 1], [100, 0]),
      v: f32([1, 1, 2, 1], [0.5, 7]),
    };
    expect(largest(oracle(attentionGraph(inputs, { scale: 1 }), inputs).out.tolerance)).toBeLessThan(1e-6);
  });

  test('a float32 softmax without any care passes where its logits are moderate', () => {
    const inputs = attentionInputs(40, 16, 1);
    const { out } = oracle(attentionGraph(inputs), inputs);
    const [q, k, v] = [inputs.q.data, inputs.k.data, inputs.v.data];
    for (let i = 0; i < 40; i++) {
      const weights = Array.from({ length: 40 }, (_, j) => {
        let sum = 0;
        for (let d = 0; d < 16; d++) sum = Math.fround(sum + Math.fround(q[i * 16 + d] * k[j * 16 + d]));
        return Math.fround(Math.exp(Math.fround(sum * 0.25)));
      });
      const total = weights.reduce((sum, weight) => Math.fround(sum + weight), 0);
      for (let d = 0; d < 16; d++) {
        const sum = weights.reduce((s, weight, j) => Math.fround(s + Math.fround(weight * v[j * 16 + d])), 0);
        const at = i * 16 + d;
        expect(Math.abs(Math.fround(sum / total) - out.data[at])).toBeLessThanOrEqual(out.tolerance[at]);
      }
    }
  });

  test(
    'two evaluations from the definition, the reference and that of the tolerance, agree',
    { timeout: 180_000 },
    () => {
      for (const { id, params, build } of attentionCaseList.filter(isTried)) {
        const { graph, inputs } = build();
        const [node] = graph.nodes;
        if (node.op !== 'attention' || params.rows !== undefined) continue;
        const references: NamedReferences = Object.fromEntries(
          Object.keys(node.inputs).map((name) => [name, toReference(inputs[name])]),
        );
        const [, lse] = attentionReference(references, { ...node.attributes, returnLse: true });
        const [batch, heads, rows] = lse.shape;
        const pairsOf = attentionPairs(references, node.attributes);
        for (let at = 0; at < batch * heads * rows; at++) {
          const { logits } = pairsOf(Math.floor(at / rows / heads), Math.floor(at / rows) % heads)(at % rows);
          const max = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
          const own =
            logits.length === 0
              ? -Infinity
              : max + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - max), 0));
          if (Number.isFinite(own))
            expect(Math.abs(own - lse.data[at]), id).toBeLessThanOrEqual(1e-12 * (1 + Math.abs(own)));
          else expect(lse.data[at], id).toBe(own);
        }
      }
    },
  );
});

test('errors of ops behind one another never cancel each other out', () => {
  const builder = new GraphBuilder();
  const x = builder.input('x', { dtype: 'f32', shape: [1000, 1] });
  const graph = builder.build({ out: builder.relu(builder.gelu(builder.gelu(x))) });
  const inputs = { x: f32([1000, 1], fill('uniform', 1000, 1).map(Math.abs)) };
  const { data, tolerance } = oracle(graph, inputs).out;
  // The second gelu alone may be off by this much.
  data.forEach((value, i) => expect(tolerance[i]).toBeGreaterThan(value * UNIT));
});

test('no tolerance of a case is vacuous', { timeout: 180_000 }, () => {
  for (const { id, params, build } of allCases.filter(isTried)) {
    if (params.rows !== undefined) continue; // too long for the definition
    const { graph, inputs } = build();
    for (const [name, { data, tolerance }] of Object.entries(oracle(graph, inputs))) {
      const finite = data.map((value) => (Number.isFinite(value) ? Math.abs(value) : 0));
      const allowed = tolerance.map((value, i) => (Number.isFinite(data[i]) ? value : 0));
      expect(largest(allowed), `${id} ${name}`).toBeLessThanOrEqual(0.06 * largest(finite) + 1e-6);
    }
  }
});
