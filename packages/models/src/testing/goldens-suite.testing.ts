/**
 * Tests the goldens of a family: in float64 and on every backend, all
 * positions that count are within the tolerance.
 */
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

const isState = (name: string): boolean => name.startsWith('hidden_states');

/** True when the golden also holds the states between layers. */
export function hasStates({ outputs }: Golden): boolean {
  return outputs.some(isState);
}

/** Declares the tests of these goldens. */
export function testGoldens(ids: readonly string[], call: (golden: Golden) => Promise<GoldenCall>): void {
  const compare = async (id: string, run: (goldenCall: GoldenCall) => Tensors | Promise<Tensors>) => {
    const golden = await readGolden(id);
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

    describe.each(['cpu', 'wasm', 'onnx', 'webgpu'])('%s', (backend) => {
      test.each(ids)('%s', async (id) => {
        const { texts } = await compare(id, ({ graph, inputs }) => attn.run(graph, inputs, { backend }));
        expect(texts).toEqual([]);
      });
    });
  });
}
