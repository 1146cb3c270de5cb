/** The `lshHash` op: heads are hashed in batches of a few megabytes, each head in blocks of 64 tokens. */
import { type Tensor } from '@attn/core';
import { lshHashProblem, type Kernel, type KernelCall } from '@attn/core/backend';
import { StagedHeads } from '../attention/staged-heads.ts';
import type { Engine } from '../engine/engine.ts';
import type { LoadedModule } from '../engine/module-store.ts';
import {
  HASH,
  HASH_BYTES,
  HASH_TOKENS,
  hashModule,
  hashScratchBytes,
  TRANSPOSE,
  TRANSPOSE_BYTES,
} from '../kernels/lsh/hash.ts';
import { Records } from '../kernels/records.ts';
import { inFrame, type Frame } from '../ops/frame.ts';

/** The most bytes of tokens in the heap at a time. */
const BATCH_BYTES = 8 * 2 ** 20;

/** Number of rotations that a task transposes. */
const TASK_ROTATIONS = 64;

/** Makes the kernel of `lshHash`. */
export function lshHashKernel(engine: Engine): Kernel<'lshHash'> {
  return (call) => inFrame(engine, call, (frame) => hashAll(frame, call));
}

async function hashAll(frame: Frame, { inputs, outputs, attributes }: KernelCall<'lshHash'>): Promise<void> {
  const problem = lshHashProblem(inputs, attributes);
  const { batch, heads, length, headDim, rounds, width, factors, bucketCount, layout } = problem;
  const members = batch * heads;
  if (members * length === 0) return;
  if (headDim === 0) return hashEmptyVectors(frame, inputs.keyMask, outputs[0], bucketCount);
  const mask = inputs.keyMask ? frame.raw(inputs.keyMask) : 0;
  const out = frame.rawOutput(outputs[0]);
  const x = new StagedHeads(frame, inputs.x, { layout, heads, length, dim: headDim });
  const module = frame.engine.load(`hash ${headDim}`, (options) => hashModule({ ...options, headDim }));
  const rotations = await transposeRotations(frame, module, inputs.rotations, headDim);
  const halves = frame.words(factors.map((factor) => factor / 2));

  const size = Math.max(1, Math.min(members, Math.floor(BATCH_BYTES / Math.max(1, 4 * x.size))));
  const staging = frame.allocate(4 * x.stagedSize * size);
  const blocks = Math.ceil(length / HASH_TOKENS);
  for (let first = 0; first < members; first += size) {
    const count = Math.min(size, members - first);
    const records = new Records(HASH, HASH_BYTES, count * blocks);
    for (let index = 0; index < count; index++) {
      const member = first + index;
      const [batchRow, head] = [Math.floor(member / heads), member % heads];
      const at = staging + 4 * x.stagedSize * index;
      x.load(batchRow, head, at, [[0, length]]);
      const rows = x.at(batchRow, head, at);
      const { batch: perBatch, head: perHead } = problem.rotationStrides;
      for (let block = 0; block < blocks; block++) {
        const token = block * HASH_TOKENS;
        records.set(index * blocks + block, {
          x: rows.address + token * rows.stride,
          xStride: rows.stride,
          tokens: Math.min(HASH_TOKENS, length - token),
          rotations: rotations + 4 * (batchRow * perBatch + head * perHead),
          buckets: out + 4 * (member * rounds * length + token),
          roundStride: 4 * length,
          mask: mask === 0 ? 0 : mask + batchRow * length + token,
          hiddenBucket: bucketCount,
          halves,
          factors: factors.length,
          rounds,
        });
      }
    }
    await frame.run({
      module,
      kernel: 'hash',
      records,
      scratchBytes: hashScratchBytes(headDim),
      flops: 2 * count * length * headDim * rounds * width,
    });
  }
}

/** Hashes vectors without elements: all their scores are 0. */
function hashEmptyVectors(frame: Frame, mask: Tensor | undefined, out: Tensor, bucketCount: number): void {
  const [, heads, rounds, length] = out.shape;
  const { data } = frame.view(out);
  const hidden = mask && frame.view(mask).data;
  for (let at = 0; at < data.length; at++) {
    const token = Math.floor(at / (heads * rounds * length)) * length + (at % length);
    data[at] = hidden?.[token] === 0 ? bucketCount : 0;
  }
}

/** Transposes rotations [… × D × R × W] into the heap as [… × R · W × D], and returns their address. */
async function transposeRotations(
  frame: Frame,
  module: LoadedModule,
  rotations: Tensor,
  headDim: number,
): Promise<number> {
  const [rounds, width] = rotations.shape.slice(-2);
  const columns = rounds * width;
  const owners = rotations.shape.slice(0, -3).reduce((product, extent) => product * extent, 1);
  const bytes = 4 * headDim * columns;
  const from = frame.input(rotations);
  const to = frame.allocate(owners * bytes);
  const perOwner = Math.ceil(columns / TASK_ROTATIONS);
  const records = new Records(TRANSPOSE, TRANSPOSE_BYTES, owners * perOwner);
  for (let task = 0; task < records.count; task++) {
    const owner = Math.floor(task / perOwner) * bytes;
    const column = (task % perOwner) * TASK_ROTATIONS;
    records.set(task, {
      from: from + owner + 4 * column,
      columns,
      count: Math.min(TASK_ROTATIONS, columns - column),
      to: to + owner + 4 * column * headDim,
    });
  }
  await frame.run({ module, kernel: 'transpose', records, flops: 4 * owners * headDim * columns });
  return to;
}
