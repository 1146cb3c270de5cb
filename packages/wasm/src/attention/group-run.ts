/**
 * One group of a plan: its heads are taken in batches of a few megabytes (or of one head, if that is longer). Their keys and values
 * are packed in the plan's order, then their row blocks are computed, heaviest first.
 *
 * Tensors from outside of the heap pass through it batch by batch, so that a call takes no more memory beyond its inputs and
 * outputs than a head needs. Only the host can reach them: while helpers compute a batch it brings home the results of the last one
 * and fetches the keys of the next.
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
import { partOf, placeAreas, type Areas } from './areas.ts';
import { headBatches, overlapsCopies, type HeadBatch, type Member } from './batches.ts';
import { logitTerms, type BiasOfHead } from './bias.ts';
import { HeadRows, type RowRange } from './head-rows.ts';
import {
  heaviestFirst,
  placePlan,
  queryRanges,
  type PlacedPlan,
  type WeighedRowBlock,
} from './placed-plan.ts';
import { writeLse } from './states.ts';

/** What a group is run with. */
export interface GroupContext {
  readonly frame: Frame;
  readonly call: KernelCall<'attention'>;
  readonly problem: AttentionProblem;
  readonly module: LoadedModule;
  readonly biases: BiasOfHead;
  /** Told how many tiles of the group have been taken. */
  onTiles(tiles: number): void;
}

/** One group of a plan. */
export class GroupRun {
  private readonly context: GroupContext;
  private readonly group: PlanGroup;
  private readonly tiles: number;
  private readonly ranges: readonly RowRange[];
  private readonly rowBlocks: readonly WeighedRowBlock[];
  private readonly plan: PlacedPlan;
  private readonly q: HeadRows;
  private readonly k: HeadRows;
  private readonly v: HeadRows;
  private readonly out: HeadRows;

  constructor(context: GroupContext, group: PlanGroup) {
    this.context = context;
    this.group = group;
    const { frame, call, problem } = context;
    const { block } = group;
    const { layout, heads, kvHeads, queryLength, keyLength, headDim, valueDim } = problem;
    this.tiles = Math.ceil(block.keyCount / TILE);
    this.ranges = queryRanges(block, queryLength);
    this.rowBlocks = heaviestFirst(block);
    const { alibi, relative, bias } = logitTerms(call.inputs, problem);
    this.plan = placePlan(frame, block, alibi || relative || bias);
    const operand = (name: string): Tensor =>
      call.inputs[group.projection === 'global' ? `${name}Global` : name];
    this.q = new HeadRows(frame, operand('q'), { layout, heads, length: queryLength, dim: headDim });
    this.k = new HeadRows(frame, operand('k'), { layout, heads: kvHeads, length: keyLength, dim: headDim });
    this.v = new HeadRows(frame, operand('v'), { layout, heads: kvHeads, length: keyLength, dim: valueDim });
    this.out = new HeadRows(frame, call.outputs[0], { layout, heads, length: queryLength, dim: valueDim });
  }

  async run(): Promise<void> {
    const { problem, frame } = this.context;
    const { members, block } = this.group;
    const batches = headBatches(problem, members);
    const isStaged = [this.q, this.k, this.v, this.out].some(({ stagedSize }) => stagedSize > 0);
    const overlaps = isStaged && overlapsCopies(batches, frame.engine.threads);
    const { byParity, address } = placeAreas(frame, this.partBytes(), mostOf(batches), overlaps);
    let tilesBefore = 0;
    for (const [index, batch] of batches.entries()) {
      const areas = byParity[index % 2];
      const fetch = (): void => this.fetchQueries(batch, areas);
      if (index === 0 || !overlaps) this.fetchKeys(batch, areas);
      await this.pack(batch, areas, overlaps ? fetch : undefined);
      if (!overlaps) fetch();
      await this.attend(batch, areas, tilesBefore, () => {
        if (!overlaps) return;
        if (index > 0) this.bringHome(batches[index - 1], byParity[(index - 1) % 2]);
        if (index + 1 < batches.length) this.fetchKeys(batches[index + 1], areas);
      });
      if (!overlaps || index === batches.length - 1) this.bringHome(batch, areas);
      tilesBefore += batch.members.length * block.stats.tiles;
    }
    frame.free(address);
  }

  private partBytes() {
    const { q, k, v, out, tiles } = this;
    const { headDim, valueDim, queryLength, returnLse } = this.context.problem;
    return {
      q: 4 * q.stagedSize,
      out: 4 * out.stagedSize,
      states: returnLse ? 8 * queryLength : 0,
      rawKeys: 4 * k.stagedSize,
      rawValues: 4 * v.stagedSize,
      keys: 4 * tiles * TILE * headDim,
      values: 4 * tiles * TILE * paddedDim(valueDim),
      finite: tiles,
    };
  }

  private fetchKeys({ owners }: HeadBatch, { rawKeys, rawValues }: Areas): void {
    const all = [[0, this.context.problem.keyLength]] as const;
    owners.forEach(({ batchRow, kvHead }, index) => {
      this.k.load(batchRow, kvHead, partOf(rawKeys, index), all);
      this.v.load(batchRow, kvHead, partOf(rawValues, index), all);
    });
  }

  private fetchQueries({ members }: HeadBatch, { q }: Areas): void {
    members.forEach(({ batchRow, head }, index) =>
      this.q.load(batchRow, head, partOf(q, index), this.ranges),
    );
  }

  /** Brings rows to the outputs. */
  private bringHome({ members }: HeadBatch, areas: Areas): void {
    const { frame, call, problem } = this.context;
    const lse = call.outputs.at(1);
    members.forEach(({ batchRow, head }, index) => {
      this.out.store(batchRow, head, partOf(areas.out, index), this.ranges);
      const states = partOf(areas.states, index);
      if (lse === undefined || states === 0) return;
      const start = (batchRow * problem.heads + head) * problem.queryLength;
      writeLse(frame, lse, start, states, this.ranges);
    });
  }

  /** Packs the keys and values of a batch in the plan's order. */
  private async pack({ owners }: HeadBatch, areas: Areas, meanwhile?: () => void): Promise<void> {
    const { k, v, tiles } = this;
    const { headDim, valueDim } = this.context.problem;
    const { keyCount } = this.group.block;
    const records = new Records(PACK, PACK_BYTES, owners.length * tiles);
    for (const [index, { batchRow, kvHead }] of owners.entries()) {
      const keys = k.at(batchRow, kvHead, partOf(areas.rawKeys, index));
      const values = v.at(batchRow, kvHead, partOf(areas.rawValues, index));
      for (let tile = 0; tile < tiles; tile++) {
        const first = tile * TILE;
        records.set(index * tiles + tile, {
          keys: keys.address,
          keyStride: keys.stride,
          values: values.address,
          valueStride: values.stride,
          packedKeys: partOf(areas.keys, index) + 4 * first * headDim,
          packedValues: partOf(areas.values, index) + 4 * first * paddedDim(valueDim),
          finite: partOf(areas.finite, index) + tile,
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
      // Copying is counted like ten operations a number.
      flops: 10 * records.count * TILE * (headDim + valueDim),
      meanwhile,
    });
  }

  /** Computes all row blocks of a batch. */
  private async attend(
    { members }: HeadBatch,
    areas: Areas,
    tilesBefore: number,
    meanwhile: () => void,
  ): Promise<void> {
    const { frame, module, problem, onTiles } = this.context;
    const { headDim, valueDim } = problem;
    const heads = frame.words(this.headRecords(members, areas));

    const count = this.rowBlocks.length * members.length;
    const records = new Records(TASK, TASK_BYTES, count);
    const tilesAfter = new Float64Array(count + 1);
    // Head by head, so that keys and values stay in the cache; the last head's lightest row blocks end the job evenly.
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
      onProgress: (taken) => onTiles(tilesBefore + tilesAfter[taken]),
      meanwhile,
    });
    frame.free(heads);
  }

  private headRecords(members: readonly Member[], areas: Areas): Int32Array {
    const { problem, biases } = this.context;
    const { scale, softcap, queryOffset } = problem;
    const records = new Records(HEAD, HEAD_BYTES, members.length, { floats: ['scale', 'cap', 'slope'] });
    members.forEach(({ batchRow, head, owner }, index) => {
      const q = this.q.at(batchRow, head, partOf(areas.q, index));
      const out = this.out.at(batchRow, head, partOf(areas.out, index));
      records.set(index, {
        q: q.address,
        qStride: q.stride,
        keys: partOf(areas.keys, owner),
        values: partOf(areas.values, owner),
        finite: partOf(areas.finite, owner),
        out: out.address,
        outStride: out.stride,
        states: partOf(areas.states, index),
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

/** Most heads of any batch. */
function mostOf(batches: readonly HeadBatch[]): { readonly members: number; readonly owners: number } {
  return {
    members: Math.max(...batches.map(({ members }) => members.length)),
    owners: Math.max(...batches.map(({ owners }) => owners.length)),
  };
}
