/**
 * Computes a group of a plan. Heads are taken in batches of a few megabytes, or one by one if they
 * are longer. Keys and values of a batch are packed in the plan's order, then its row blocks are
 * computed, heaviest first.
 *
 * Tensors outside of the heap pass through it batch by batch, so that a call takes no more memory beyond its
 * inputs and outputs than a batch needs. Only the calling thread can reach them: while helpers compute a
 * batch, it writes back the results of the last batch and fetches the keys of the next.
 */
import { type Tensor } from '@attn/core';
import { TILE, type AttentionProblem, type KernelCall, type PlanGroup } from '@attn/core/backend';
import type { LoadedModule } from '../engine/module-store.ts';
import {
  HEAD,
  HEAD_BYTES,
  PACK,
  PACK_BYTES,
  paddedDim,
  scratchLayout,
  TASK,
  TASK_BYTES,
} from '../kernels/attention/layout.ts';
import { packScratchBytes } from '../kernels/attention/pack.ts';
import { Records } from '../kernels/records.ts';
import type { Frame } from '../ops/frame.ts';
import { needsPositions } from '../kernels/attention/logits.ts';
import { headBatches, overlapsCopies, type HeadBatch } from './batches.ts';
import { requiredTerms, type BiasOfHead } from './bias.ts';
import { allocateDoubleBuffer, headAddress, type BatchBuffers, type PartBytes } from './double-buffer.ts';
import {
  heaviestFirst,
  placePlan,
  queryRanges,
  type PlanAddresses,
  type WeighedRowBlock,
} from './place-plan.ts';
import { StagedHeads, type RowRange } from './staged-heads.ts';
import { writeLse } from './write-lse.ts';

/** The call that a group belongs to. */
export interface GroupContext {
  readonly frame: Frame;
  readonly call: KernelCall<'attention'>;
  readonly problem: AttentionProblem;
  readonly module: LoadedModule;
  /** Whether the module reads keys and values where they are: nothing is packed then. */
  readonly inPlace: boolean;
  readonly biases: BiasOfHead;
  /** Called with the number of tiles of the group that threads have begun. */
  onTiles(tiles: number): void;
}

/** A run of one group. */
export class GroupRun {
  private readonly context: GroupContext;
  private readonly group: PlanGroup;
  private readonly tiles: number;
  private readonly ranges: readonly RowRange[];
  private readonly rowBlocks: readonly WeighedRowBlock[];
  private readonly plan: PlanAddresses;
  private readonly q: StagedHeads;
  private readonly k: StagedHeads;
  private readonly v: StagedHeads;
  private readonly out: StagedHeads;

  constructor(context: GroupContext, group: PlanGroup) {
    this.context = context;
    this.group = group;
    const { frame, call, problem } = context;
    const { block } = group;
    const { layout, heads, kvHeads, queryLength, keyLength, headDim, valueDim } = problem;
    this.tiles = Math.ceil(block.keyCount / TILE);
    this.ranges = queryRanges(block, queryLength);
    this.rowBlocks = heaviestFirst(block);
    const terms = requiredTerms(call.inputs, problem);
    this.plan = placePlan(frame, block, { needsPositions: needsPositions(terms) });
    const operand = (name: string): Tensor =>
      call.inputs[group.projection === 'global' ? `${name}Global` : name];
    this.q = new StagedHeads(frame, operand('q'), { layout, heads, length: queryLength, dim: headDim });
    this.k = new StagedHeads(frame, operand('k'), {
      layout,
      heads: kvHeads,
      length: keyLength,
      dim: headDim,
    });
    this.v = new StagedHeads(frame, operand('v'), {
      layout,
      heads: kvHeads,
      length: keyLength,
      dim: valueDim,
    });
    this.out = new StagedHeads(frame, call.outputs[0], { layout, heads, length: queryLength, dim: valueDim });
  }

  async run(): Promise<void> {
    const { problem, frame, inPlace } = this.context;
    const { members, block } = this.group;
    const batches = inPlace ? headBatches(problem, members, Infinity) : headBatches(problem, members);
    const isStaged = [this.q, this.k, this.v, this.out].some(({ stagedSize }) => stagedSize > 0);
    const overlaps = isStaged && overlapsCopies(batches, frame.engine.threads);
    const bytes = this.partBytes();
    const { pair, address } = allocateDoubleBuffer(frame, { bytes, ...largestCounts(batches), overlaps });
    let tilesBefore = 0;
    for (const [index, batch] of batches.entries()) {
      const buffers = pair[index % 2];
      const fetch = (): void => this.fetchQueries(batch, buffers);
      if (index === 0 || !overlaps) this.fetchKeys(batch, buffers);
      if (!inPlace) await this.pack(batch, buffers, overlaps ? fetch : undefined);
      if (!overlaps) fetch();
      await this.computeRowBlocks(batch, buffers, tilesBefore, () => {
        if (!overlaps) return;
        if (index > 0) this.writeBack(batches[index - 1], pair[(index - 1) % 2]);
        if (index + 1 < batches.length) this.fetchKeys(batches[index + 1], buffers);
      });
      if (!overlaps || index === batches.length - 1) this.writeBack(batch, buffers);
      tilesBefore += batch.members.length * block.stats.tiles;
    }
    frame.free(address);
  }

  private partBytes(): PartBytes {
    const { q, k, v, out, tiles } = this;
    const { problem, inPlace } = this.context;
    const { headDim, valueDim, queryLength, returnLse } = problem;
    const ofQueries = {
      q: 4 * q.stagedSize,
      out: 4 * out.stagedSize,
      states: returnLse ? 8 * queryLength : 0,
    };
    if (inPlace) return { ...ofQueries, rawKeys: 0, rawValues: 0, keys: 0, values: 0, finite: 0 };
    return {
      ...ofQueries,
      rawKeys: 4 * k.stagedSize,
      rawValues: 4 * v.stagedSize,
      keys: 4 * tiles * TILE * headDim,
      values: 4 * tiles * TILE * paddedDim(valueDim),
      finite: tiles,
    };
  }

  private fetchKeys({ owners }: HeadBatch, { rawKeys, rawValues }: BatchBuffers): void {
    const all = [[0, this.context.problem.keyLength]] as const;
    owners.forEach(({ batchRow, kvHead }, index) => {
      this.k.load(batchRow, kvHead, headAddress(rawKeys, index), all);
      this.v.load(batchRow, kvHead, headAddress(rawValues, index), all);
    });
  }

  private fetchQueries({ members }: HeadBatch, { q }: BatchBuffers): void {
    members.forEach(({ batchRow, head }, index) =>
      this.q.load(batchRow, head, headAddress(q, index), this.ranges),
    );
  }

  /** Copies the results of a batch to the outputs. */
  private writeBack({ members }: HeadBatch, buffers: BatchBuffers): void {
    const { frame, call, problem } = this.context;
    const lse = call.outputs.at(1);
    members.forEach(({ batchRow, head }, index) => {
      this.out.store(batchRow, head, headAddress(buffers.out, index), this.ranges);
      const states = headAddress(buffers.states, index);
      if (lse === undefined || states === 0) return;
      const start = (batchRow * problem.heads + head) * problem.queryLength;
      writeLse(frame, lse, { states, start, ranges: this.ranges });
    });
  }

  /** Packs the keys and values of a batch in the plan's order. */
  private async pack(
    { owners }: HeadBatch,
    buffers: BatchBuffers,
    whileHelpersRun?: () => void,
  ): Promise<void> {
    const { k, v, tiles } = this;
    const { headDim, valueDim } = this.context.problem;
    const { keyCount } = this.group.block;
    const records = new Records(PACK, PACK_BYTES, owners.length * tiles);
    for (const [index, { batchRow, kvHead }] of owners.entries()) {
      const keys = k.at(batchRow, kvHead, headAddress(buffers.rawKeys, index));
      const values = v.at(batchRow, kvHead, headAddress(buffers.rawValues, index));
      for (let tile = 0; tile < tiles; tile++) {
        const first = tile * TILE;
        records.set(index * tiles + tile, {
          keys: keys.address,
          keyStride: keys.stride,
          values: values.address,
          valueStride: values.stride,
          packedKeys: headAddress(buffers.keys, index) + 4 * first * headDim,
          packedValues: headAddress(buffers.values, index) + 4 * first * paddedDim(valueDim),
          finite: headAddress(buffers.finite, index) + tile,
          index: this.plan.keyIndex === 0 ? 0 : this.plan.keyIndex + 4 * first,
          first,
          count: Math.min(TILE, keyCount - first),
        });
      }
    }
    await this.context.frame.run({
      module: this.context.module,
      kernel: 'pack',
      records,
      scratchBytes: packScratchBytes(headDim),
      // Copying a number counts as ten operations.
      flops: 10 * records.count * TILE * (headDim + valueDim),
      whileHelpersRun,
    });
  }

  /** Computes all row blocks of a batch. */
  private async computeRowBlocks(
    batch: HeadBatch,
    buffers: BatchBuffers,
    tilesBefore: number,
    whileHelpersRun: () => void,
  ): Promise<void> {
    const { frame, module, problem, onTiles } = this.context;
    const { headDim, valueDim } = problem;
    const { members } = batch;
    const heads = frame.words(this.headRecords(batch, buffers));

    const count = this.rowBlocks.length * members.length;
    const records = new Records(TASK, TASK_BYTES, count);
    const tilesAfter = new Float64Array(count + 1);
    // Head by head, so that keys and values stay in the cache. The last head's lightest row blocks come last,
    // so that all threads end at about the same time.
    let task = 0;
    for (let index = 0; index < members.length; index++) {
      for (const { rowBlock, tiles } of this.rowBlocks) {
        records.set(task, { head: heads + index * HEAD_BYTES, rowBlock });
        tilesAfter[task + 1] = tilesAfter[task] + tiles;
        task += 1;
      }
    }
    await frame.run({
      module,
      kernel: 'attend',
      records,
      scratchBytes: scratchLayout(headDim, valueDim).bytes,
      flops: 2 * this.group.block.stats.computedPairs * members.length * (headDim + valueDim),
      onProgress: (begun) => onTiles(tilesBefore + tilesAfter[begun]),
      whileHelpersRun,
    });
    frame.free(heads);
  }

  private headRecords({ members, owners }: HeadBatch, buffers: BatchBuffers): Int32Array {
    const { problem, biases, inPlace } = this.context;
    const { scale, softcap, queryOffset } = problem;
    const records = new Records(HEAD, HEAD_BYTES, members.length, { floats: ['scale', 'cap', 'slope'] });
    members.forEach(({ batchRow, head, owner }, index) => {
      const { kvHead } = owners[owner];
      const [keys, values] = inPlace
        ? [this.k, this.v].map((rows) => rows.at(batchRow, kvHead, 0).address)
        : [buffers.keys, buffers.values].map((packed) => headAddress(packed, owner));
      const q = this.q.at(batchRow, head, headAddress(buffers.q, index));
      const out = this.out.at(batchRow, head, headAddress(buffers.out, index));
      records.set(index, {
        q: q.address,
        qStride: q.stride,
        keys,
        values,
        finite: headAddress(buffers.finite, owner),
        out: out.address,
        outStride: out.stride,
        states: headAddress(buffers.states, index),
        plan: this.plan.address,
        scale: softcap === undefined ? scale : scale / softcap,
        cap: softcap ?? 0,
        queryOffset,
        ...biases(batchRow, head),
      });
    });
    return records.words;
  }
}

/** The largest numbers of heads and of owners in any batch. */
function largestCounts(batches: readonly HeadBatch[]): { readonly members: number; readonly owners: number } {
  return {
    members: Math.max(...batches.map(({ members }) => members.length)),
    owners: Math.max(...batches.map(({ owners }) => owners.length)),
  };
}
