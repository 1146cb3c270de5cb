/**
 * The `attention` op: walks the plan's groups. Heads of a group are taken in batches of a few megabytes (or of one head, if that
 * is longer): their keys and values are packed in the plan's order, then their row blocks are computed, heaviest first.
 *
 * Tensors from outside of the heap pass through it batch by batch, so that a call takes no more memory beyond its inputs and
 * outputs than q, k, v and out of one head: raw keys and values come into the places of q and out, and go from there, packed, to
 * their own.
 */
import {
  TILE,
  type AttentionProblem,
  type Kernel,
  type KernelCall,
  type PlanGroup,
  type Tensor,
} from '@attn/core';
import type { Engine } from '../engine/engine.ts';
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
import { attentionModule } from '../kernels/attention/row-block.ts';
import { Records } from '../kernels/records.ts';
import type { PlanSource } from '../plan-source.ts';
import { inFrame, type Frame } from '../ops/frame.ts';
import { headBatches, type HeadBatch, type Member } from './batches.ts';
import { logitTerms, placeBiases, type BiasOfHead } from './bias.ts';
import { HeadRows, type RowRange } from './head-rows.ts';
import { writeLse } from './states.ts';
import {
  heaviestFirst,
  placePlan,
  queryRanges,
  type PlacedPlan,
  type WeighedRowBlock,
} from './placed-plan.ts';

/** A head's parts start at multiples of a cache line. */
const ALIGNMENT = 64;

/** The kernel, with where its calls have their plans from. */
export function attentionKernel(engine: Engine, plans: PlanSource): Kernel<'attention'> {
  return (call) =>
    inFrame(engine, call, async (frame) => {
      const { problem, plan } = await plans.plan(call.node, call.inputs, call.attributes, frame.pause);
      const { headDim, valueDim, batch, heads, queryLength } = problem;
      const computed = plan.groups.reduce(
        (sum, { block, members }) => sum + block.queryCount * members.length,
        0,
      );
      if (computed < batch * heads * queryLength) emptyRows(frame, call);

      const terms = logitTerms(call.inputs, problem);
      const key = `attention ${headDim} ${valueDim} ${JSON.stringify(terms)}`;
      const module = engine.load(key, (options) => attentionModule({ ...options, headDim, valueDim, terms }));
      const biases = placeBiases(frame, problem, call.inputs);
      let done = 0;
      for (const group of plan.groups) {
        const onTiles = (tiles: number): void =>
          call.context.onProgress?.({ done: done + tiles, total: plan.stats.tiles, unit: 'tiles' });
        await new GroupRun(frame, call, problem, group, module, biases, onTiles).run();
        done += group.block.stats.tiles * group.members.length;
      }
    });
}

/** What rows hold that no group computes: they see no key. */
function emptyRows(frame: Frame, { outputs: [out, lse] }: KernelCall<'attention'>): void {
  frame.view(out).data.fill(0);
  if (lse) frame.view(lse).data.fill(-Infinity);
}

/** Memory for the same part of all heads of a batch, one after another. */
interface Area {
  readonly address: number;
  /** Of one head; 0 where none is needed. */
  readonly bytes: number;
}

/** Memory of a batch: what query heads have, and what owners of keys and values have. */
interface Areas {
  readonly q: Area;
  readonly out: Area;
  /** Shift and sum of weights of each row, if anybody asks. */
  readonly states: Area;
  /** Where queries come later. */
  readonly rawKeys: Area;
  /** Where results come later. */
  readonly rawValues: Area;
  /** Packed. */
  readonly keys: Area;
  readonly values: Area;
  readonly finite: Area;
}

/** The address of a head's part; 0 where it needs none. */
function partOf({ address, bytes }: Area, head: number): number {
  return bytes === 0 ? 0 : address + head * bytes;
}

/** One group of a plan. */
class GroupRun {
  private readonly frame: Frame;
  private readonly call: KernelCall<'attention'>;
  private readonly problem: AttentionProblem;
  private readonly group: PlanGroup;
  private readonly module: LoadedModule;
  private readonly biases: BiasOfHead;
  private readonly onTiles: (tiles: number) => void;
  private readonly tiles: number;
  private readonly ranges: readonly RowRange[];
  private readonly rowBlocks: readonly WeighedRowBlock[];
  private readonly plan: PlacedPlan;
  private readonly q: HeadRows;
  private readonly k: HeadRows;
  private readonly v: HeadRows;
  private readonly out: HeadRows;

  constructor(
    frame: Frame,
    call: KernelCall<'attention'>,
    problem: AttentionProblem,
    group: PlanGroup,
    module: LoadedModule,
    biases: BiasOfHead,
    onTiles: (tiles: number) => void,
  ) {
    this.frame = frame;
    this.call = call;
    this.problem = problem;
    this.group = group;
    this.module = module;
    this.biases = biases;
    this.onTiles = onTiles;
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
    const { members, block } = this.group;
    const batches = headBatches(this.problem, members);
    const { areas, address } = this.allocateAreas(batches);
    let tilesBefore = 0;
    for (const batch of batches) {
      await this.pack(batch, areas);
      await this.attend(batch, areas, tilesBefore);
      tilesBefore += batch.members.length * block.stats.tiles;
    }
    this.frame.free(address);
  }

  /** Memory for any of the batches, in one piece. */
  private allocateAreas(batches: readonly HeadBatch[]): { readonly areas: Areas; readonly address: number } {
    const { k, v, q, out, tiles } = this;
    const { headDim, valueDim, queryLength, returnLse } = this.problem;
    const members = Math.max(...batches.map((batch) => batch.members.length));
    const owners = Math.max(...batches.map((batch) => batch.owners.length));
    let total = 0;
    /** Areas that follow each other in time are in the same place. */
    const place = (...parts: readonly (readonly [floats: number, count: number])[]): Area[] => {
      const address = total;
      const areas = parts.map(([floats]) => ({ address, bytes: roundUp(4 * floats) }));
      total += Math.max(...areas.map(({ bytes }, index) => bytes * parts[index][1]));
      return areas;
    };
    const [queries, rawKeys] = place([q.stagedSize, members], [k.stagedSize, owners]);
    const [results, rawValues] = place([out.stagedSize, members], [v.stagedSize, owners]);
    const [keys] = place([tiles * TILE * headDim, owners]);
    const [values] = place([tiles * TILE * paddedDim(valueDim), owners]);
    const [finite] = place([tiles / 4, owners]);
    const [states] = place([returnLse ? 2 * queryLength : 0, members]);
    const address = this.frame.allocate(total);
    const placed = { q: queries, out: results, states, rawKeys, rawValues, keys, values, finite };
    const areas = Object.entries(placed).map(([part, area]) => [
      part,
      { ...area, address: address + area.address },
    ]);
    return { areas: Object.fromEntries(areas) as Areas, address };
  }

  /** Packs the keys and values of a batch in the plan's order. */
  private async pack({ owners }: HeadBatch, areas: Areas): Promise<void> {
    const { frame, k, v, tiles, problem } = this;
    const { headDim, valueDim, keyLength } = problem;
    const { keyCount } = this.group.block;
    const records = new Records(PACK, PACK_BYTES, owners.length * tiles);
    for (const [index, { batchRow, kvHead }] of owners.entries()) {
      const [rawKeys, rawValues] = [partOf(areas.rawKeys, index), partOf(areas.rawValues, index)];
      k.load(batchRow, kvHead, rawKeys, [[0, keyLength]]);
      v.load(batchRow, kvHead, rawValues, [[0, keyLength]]);
      const keys = k.at(batchRow, kvHead, rawKeys);
      const values = v.at(batchRow, kvHead, rawValues);
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
    await frame.run({
      module: this.module,
      kernel: 'pack',
      records,
      scratchBytes: packScratchBytes(headDim),
      // Copying is counted like ten operations a number.
      flops: 10 * records.count * TILE * (headDim + valueDim),
    });
  }

  /** Computes all row blocks of a batch. */
  private async attend({ members }: HeadBatch, areas: Areas, tilesBefore: number): Promise<void> {
    const { frame, problem, ranges } = this;
    const { headDim, valueDim } = problem;
    members.forEach(({ batchRow, head }, index) =>
      this.q.load(batchRow, head, partOf(areas.q, index), ranges),
    );
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
      module: this.module,
      kernel: 'attend',
      records,
      scratchBytes: scratchLayout(headDim, valueDim).bytes,
      flops: 2 * this.group.block.stats.computedPairs * members.length * (headDim + valueDim),
      onProgress: (taken) => this.onTiles(tilesBefore + tilesAfter[taken]),
    });
    frame.free(heads);
    members.forEach((member, index) => this.takeResult(member, index, areas));
  }

  private headRecords(members: readonly Member[], areas: Areas): Int32Array {
    const { scale, softcap, queryOffset } = this.problem;
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
        ...this.biases(batchRow, head),
      });
    });
    return records.words;
  }

  /** Brings a head's rows to the outputs. */
  private takeResult({ batchRow, head }: Member, index: number, areas: Areas): void {
    const { heads, queryLength } = this.problem;
    this.out.store(batchRow, head, partOf(areas.out, index), this.ranges);
    const lse = this.call.outputs.at(1);
    const states = partOf(areas.states, index);
    if (lse === undefined || states === 0) return;
    writeLse(this.frame, lse, (batchRow * heads + head) * queryLength, states, this.ranges);
  }
}

function roundUp(bytes: number): number {
  return ALIGNMENT * Math.ceil(bytes / ALIGNMENT);
}
