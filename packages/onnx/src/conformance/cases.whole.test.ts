// The list of cases with every operator is complete: models of the rest of the suite have no other.
import { allCases, matches } from '@attn/conformance';
import { PlanCache } from '@attn/core/backend';
import protobuf, { type onnx as Onnx } from 'onnx-proto';
import { expect, test } from 'vitest';
import { lowerGraph } from '../lower/lower.ts';
import { encodeModel } from '../model/encode.ts';
import { EACH_OPERATOR } from './cases.testing.ts';

test.each([{ portable: true }, { fusedDense: false }])(
  'every operator has a case in the list: %o',
  (options) => {
    const plans = new PlanCache();
    const listed = new Set<string>();
    const others = new Map<string, string>();
    for (const { id, build } of allCases) {
      const { model } = encodeModel(
        lowerGraph(build().graph, plans, { ...options, flatOutputs: true }).model,
        'test',
      );
      const operators = operatorsOf(protobuf.onnx.ModelProto.decode(model).graph);
      for (const operator of operators) {
        if (matches(EACH_OPERATOR, id)) listed.add(operator);
        else if (!others.has(operator)) others.set(operator, id);
      }
    }
    expect(listed.size).toBeGreaterThan(60);
    expect([...others].filter(([operator]) => !listed.has(operator))).toEqual([]);
  },
);

/** Attributes that say how large an operand is, and no more. */
const SIZES = ['K', 'N'];

/** Each operator with its attributes that are integers, also those of inner graphs: `Gather axis=2`. */
function operatorsOf(graph: Onnx.IGraphProto | null | undefined): string[] {
  return (graph?.node ?? []).flatMap(({ domain, opType, attribute }) => {
    const attributes = (attribute ?? [])
      .filter(({ type }) => type === protobuf.onnx.AttributeProto.AttributeType.INT)
      .filter(({ name }) => !SIZES.includes(name ?? ''))
      .map(({ name, i }) => `${name}=${String(i)}`);
    const inner = (attribute ?? []).flatMap(({ g }) => operatorsOf(g));
    return [[domain, opType, ...attributes.toSorted()].join(' ').trim(), ...inner];
  });
}
