/**
 * Tests the goldens of a family: in float64 and on backends, all positions that count are within the
 * tolerance. By default each golden runs on cpu and on one other backend, chosen by its id; in a whole run
 * on all four.
 */
import { isInPart } from '@attn/conformance';
import { createAttn, type Attn, type Tensors } from '@attn/core';
import { cpu } from '@attn/cpu';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { webgpu } from '@attn/webgpu';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differences } from './differences.testing.ts';
import { readGolden, referenceOutputs, type Golden } from './goldens.testing.ts';
import type { Model, ModelCall } from '../model.ts';

/** A golden's model, called with the golden's inputs. */
export interface GoldenCall extends ModelCall {
  readonly model: Model;
  /** Names of the outputs that are compared. Default: all outputs of the golden. */
  readonly names?: readonly string[];
}

const isState = (name: string): boolean => /^((en|de)coder_)?hidden_states\./.test(name);

/** True when the golden also holds the states between layers. */
export function hasStates({ outputs }: Golden): boolean {
  return outputs.some(isState);
}

const BACKENDS = ['cpu', 'wasm', 'onnx', 'webgpu'];

/** How a golden is read, where its id does not say it: such as `goldenOfCase`. */
export type ReadGolden = (id: string) => Promise<Golden>;

/**
 * Declares the tests of these goldens.
 * @param others the backends that share the goldens out by default. Software compiles the kernels of a family
 *   for a quarter of a minute, so webgpu is not among them unless a family says so.
 */
export function testGoldens(
  ids: readonly string[],
  call: (golden: Golden) => Promise<GoldenCall>,
  others: readonly string[] = ['wasm', 'onnx'],
  reader: ReadGolden = readGolden,
): void {
  const runsOn = (id: string, backend: string): boolean => {
    if (backend === 'cpu' || process.env.ATTN_SUITE === 'whole') return true;
    const part = others.indexOf(backend);
    return part >= 0 && isInPart({ part, of: others.length }, id);
  };

  const compare = async (id: string, run: (goldenCall: GoldenCall) => Tensors | Promise<Tensors>) => {
    const golden = await reader(id);
    const goldenCall = await call(golden);
    return { golden, goldenCall, texts: differences(golden, await run(goldenCall), goldenCall.names) };
  };

  describe.each(ids)('%s', (id) => {
    test('in float64', async () => {
      const { golden, goldenCall, texts } = await compare(id, ({ graph, inputs }) =>
        referenceOutputs(graph, inputs),
      );
      const { model, names = golden.outputs } = goldenCall;
      expect(model.architecture).toBe(golden.architecture);
      const outputs = names.filter((name) => !isState(name));
      expect([...model.outputs].sort()).toEqual(outputs.sort());
      expect(texts).toEqual([]);
    });
  });

  describe('on', () => {
    let attn: Attn;
    beforeAll(async () => {
      attn = await createAttn({ backends: [cpu(), wasm(), onnx(), webgpu()] });
    });
    afterAll(() => attn.dispose());

    const lists = BACKENDS.map((backend) => [backend, ids.filter((id) => runsOn(id, backend))] as const);
    describe.each(lists.filter(([, list]) => list.length > 0))('%s', (backend, list) => {
      test.each(list)('%s', async (id) => {
        const { texts } = await compare(id, ({ graph, inputs }) => attn.run(graph, inputs, { backend }));
        expect(texts).toEqual([]);
      });
    });
  });
}
