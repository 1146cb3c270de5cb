/** The `lshHash` op: heads in batches of a few megabytes, each in blocks of 64 tokens. */
import { type Tensor } from '@attn/core';
import { lshHashProblem, type Kernel, type KernelCall } from '@attn/core/backend';
import { HeadRows } from '../attention/head-rows.ts';
import type { Engine } from '../engine/engine.ts';
import type { LoadedModule } from '../engine/module-store.ts';
import {
  HASH,
  HASH_BYTES,
  HASH_TOKENS,
  hashModule,
  hashScratchBytes,
  TURN,
  TURN_BYTES,
} from '../kernels/lsh/hash.ts';
import { Records } from '../kernels/records.ts';
import { inFrame, type Frame } from '../ops/frame.ts';

/** Bytes of tokens, brought to the heap, that are worked on together. */
const BATCH_BYTES = 8 * 2 ** 20;

/** Rotations that a task transposes. */
const TURN_COUNT = 64;

/** Kernel of `lshHash`. */
export function lshHashKernel(engine: Engine): Kernel<'lshHash'> {
  return (call) => inFrame(engine, call, (frame) => hashAll(frame, call));
}

async function hashAll(frame: Frame, { inputs, outputs, attributes }: KernelCall<'lshHash'>): Promise<void> {
  const problem = lshHashProblem(inputs, attributes);
  const { batch, heads, length, headDim, rounds, width, factors, bucketCount, layout } = problem;
  const members = batch * heads;
  if (members * length === 0) return;
  if (headDim === 0) return hashNothing(frame, inputs.mask, outputs[0], bucketCount);
  const mask = inputs.mask ? frame.raw(inputs.mask) : 0;
  const out = frame.rawOutput(outputs[0]);
  const x = new HeadRows(frame, inputs.x, { layout, heads, length, dim: headDim });
  const module = frame.engine.load(`hash ${headDim}`, (options) => hashModule({ ...options, headDim }));
  const rotations = await turnRotations(frame, module, inputs.rotations, headDim);
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

/** Vectors without elements: all scores are 0. */
function hashNothing(frame: Frame, mask: Tensor | undefined, out: Tensor, bucketCount: number): void {
  const [, heads, rounds, length] = out.shape;
  const { data } = frame.view(out);
  const hidden = mask && frame.view(mask).data;
  for (let at = 0; at < data.length; at++) {
    const token = Math.floor(at / (heads * rounds * length)) * length + (at % length);
    data[at] = hidden?.[token] === 0 ? bucketCount : 0;
  }
}

/** Brings rotations [… × D × R × W] to the heap as [… × R · W × D]. */
async function turnRotations(
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
  const perOwner = Math.ceil(columns / TURN_COUNT);
  const records = new Records(TURN, TURN_BYTES, owners * perOwner);
  for (let task = 0; task < records.count; task++) {
    const owner = Math.floor(task / perOwner) * bytes;
    const column = (task % perOwner) * TURN_COUNT;
    records.set(task, {
      from: from + owner + 4 * column,
      columns,
      count: Math.min(TURN_COUNT, columns - column),
      to: to + owner + 4 * column * headDim,
    });
  }
  await frame.run({ module, kernel: 'turn', records, flops: 4 * owners * headDim * columns });
  return to;
}
