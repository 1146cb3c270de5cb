/** Compares outputs with a golden. It uses no module of Node, so that it also runs on pages. */
import { type Tensors } from '@attn/core';
import { sizeOf } from '@attn/core/backend';
import { compareOutput } from '@attn/conformance';
import type { Golden } from './goldens.testing.ts';

/** The part of a golden that is compared. */
export type Expected = Pick<Golden, 'id' | 'tensors' | 'outputs' | 'atol'>;

/**
 * Describes how the outputs of a run differ from the golden: one text
 * for each wrong output. Padded positions do not count.
 */
export function differences(golden: Expected, outputs: Tensors, names = golden.outputs): readonly string[] {
  const compare = golden.tensors.get('aux.compare');
  return names.flatMap((name) => {
    const expected = golden.tensors.get(`out.${name}`);
    if (expected === undefined) throw new Error(`golden ${golden.id} has no out.${name}`);
    const perRow = sizeOf(expected.shape.slice(2));
    const isPerToken = compare !== undefined && expected.shape.slice(0, 2).join() === compare.shape.join();
    const counts = (i: number): boolean => !isPerToken || compare.data[Math.floor(i / perRow)] !== 0;
    const data = Float64Array.from(expected.data);
    const tolerance = data.map((value, i) =>
      counts(i) ? golden.atol + Math.abs(value) * 2 ** -23 : Infinity,
    );
    const mismatch = compareOutput(name, { ...expected, data, tolerance }, outputs[name]);
    return mismatch === undefined ? [] : [mismatch.text];
  });
}
