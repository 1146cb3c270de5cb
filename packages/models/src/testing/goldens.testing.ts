/**
 * Goldens: whole models of the original Python implementations, with their inputs and
 * outputs. Each folder of `goldens/` is an ordinary checkpoint, with `io.safetensors`
 * (inputs and outputs) and `case.json` (the largest difference allowed).
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Graph, JsonObject, Tensor, Tensors } from '@attn/core';
import { evaluateReference } from '@attn/core/reference';
import { parseSafetensors } from '@attn/safetensors';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { memoryCheckpoint } from '../checkpoint/memory.ts';
import type { TokenBatch } from '../model.ts';

/** A batch whose inputs are tensors. */
export type GoldenBatch = { readonly [Name in keyof Omit<TokenBatch, 'task'>]: Tensor };

/** A golden, in memory. */
export interface Golden {
  readonly id: string;
  readonly architecture: string;
  readonly checkpoint: Checkpoint;
  /** The inputs. Throws when the golden's inputs are vectors. */
  readonly batch: GoldenBatch;
  /** Every tensor of io.safetensors, by name. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Names of the outputs that are in the file, without `out.`. */
  readonly outputs: readonly string[];
  readonly atol: number;
}

/** Path of a golden's folder. */
export function goldenFolder(id: string): string {
  return fileURLToPath(new URL(`../../goldens/${id}/`, import.meta.url));
}

/** Reads a golden. */
export async function readGolden(id: string): Promise<Golden> {
  const bytes = (file: string): Promise<Uint8Array> => readFile(goldenFolder(id) + file);
  const json = async (file: string): Promise<JsonObject> =>
    JSON.parse(new TextDecoder().decode(await bytes(file)));
  const { architecture, tolerance } = (await json('case.json')) as {
    readonly architecture: string;
    readonly tolerance: { readonly atol: number };
  };
  const { tensors } = parseSafetensors(await bytes('io.safetensors'));
  const weights = parseSafetensors(await bytes('model.safetensors')).tensors;
  const checkpoint = memoryCheckpoint(await json('config.json'), weights, id);
  return goldenOf(id, { checkpoint, tensors, architecture, tolerance });
}

/** A golden of its parts. */
export function goldenOf(
  id: string,
  {
    tolerance,
    ...parts
  }: Pick<Golden, 'checkpoint' | 'tensors' | 'architecture'> & {
    readonly tolerance: { readonly atol: number };
  },
): Golden {
  const { tensors } = parts;
  return {
    ...parts,
    id,
    get batch() {
      const inputIds = tensors.get('in.input_ids');
      if (inputIds === undefined) throw new Error(`golden ${id} has no in.input_ids`);
      return {
        inputIds,
        attentionMask: tensors.get('in.attention_mask'),
        globalAttentionMask: tensors.get('in.global_attention_mask'),
        tokenTypeIds: tensors.get('in.token_type_ids'),
        positionIds: tensors.get('in.position_ids'),
        decoderInputIds: tensors.get('in.decoder_input_ids'),
        decoderAttentionMask: tensors.get('in.decoder_attention_mask'),
      };
    },
    outputs: [...tensors.keys()].filter((name) => name.startsWith('out.')).map((name) => name.slice(4)),
    atol: tolerance.atol,
  };
}

/** Computes the outputs in float64, and rounds them at the end. */
export function referenceOutputs(graph: Graph, inputs: Tensors): Tensors {
  const outputs = Object.entries(evaluateReference(graph, inputs)).map(
    ([name, { shape, data }]): [string, Tensor] => [
      name,
      { dtype: 'f32', shape, data: Float32Array.from(data) },
    ],
  );
  return Object.fromEntries(outputs);
}
