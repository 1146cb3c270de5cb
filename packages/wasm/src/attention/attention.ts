/**
 * The `attention` op: walks the plan's groups. Heads of a group are taken in batches of a few megabytes (or of one head, if that
 * is longer): their keys and values are packed in the plan's order, then their row blocks are computed, heaviest first.
 *
 * Tensors from outside of the heap pass through it batch by batch, so that a call takes no more memory beyond its inputs and
 * outputs than q, k, v and out of one head: raw keys and values come into the places of q and out, and go from there, packed, to
 * their own.
 */
import {
  kvHeadOf,
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
import { headsPerBatch } from './batches.ts';
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

/** Parts of a slot start at multiples of a cache line. */
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

/** A head of a batch row. */
interface Member {
  readonly batchRow: number;
  readonly head: number;
  /** Which of the batch's packed keys and values it uses. */
  readonly kv: number;
}

/** Memory of the heads of a batch, by their place in it. */
interface Slot {
  /** Raw keys, then queries. */
  readonly q: number;
  /** Raw values, then results. */
  readonly out: number;
  /** Packed. */
  readonly keys: number;
  readonly values: number;
  readonly finite: number;
  /** Shift and sum of weights of each row; 0 when nobody asks. */
  readonly states: number;
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
    const { members } = this.group;
    const size = headsPerBatch(this.problem, members.length);
    const { slots, address } = this.allocateSlots(size);
    for (let from = 0; from < members.length; from += size) {
      const batch = this.members(members.subarray(from, from + size));
      const tilesBefore = from * this.group.block.stats.tiles;
      await this.pack(batch, slots);
      await this.attend(batch, slots, tilesBefore);
    }
    this.frame.free(address);
  }

  /** Memory for a batch, in one piece. */
  private allocateSlots(count: number): { readonly slots: readonly Slot[]; readonly address: number } {
    const { k, v, q, out, tiles } = this;
    const { headDim, valueDim, queryLength, returnLse } = this.problem;
    const sizes = {
      q: 4 * Math.max(q.stagedSize, k.stagedSize),
      out: 4 * Math.max(out.stagedSize, v.stagedSize),
      keys: 4 * tiles * TILE * headDim,
      values: 4 * tiles * TILE * paddedDim(valueDim),
      finite: tiles,
      states: returnLse ? 8 * queryLength : 0,
    };
    const parts = Object.keys(sizes) as (keyof Slot)[];
    const offsets = { ...sizes };
    let bytes = 0;
    for (const part of parts) {
      offsets[part] = bytes;
      bytes += ALIGNMENT * Math.ceil(sizes[part] / ALIGNMENT);
    }
    const address = this.frame.allocate(count * bytes);
    const slots = Array.from({ length: count }, (_, index) => {
      const slot = { ...offsets };
      for (const part of parts) slot[part] = sizes[part] === 0 ? 0 : slot[part] + address + index * bytes;
      return slot;
    });
    return { slots, address };
  }

  /** The members of a batch; those that share keys and values find them in one slot. */
  private members(list: Int32Array): Member[] {
    const { heads } = this.problem;
    const kvSlots = new Map<number, number>();
    return Array.from(list, (member) => {
      const batchRow = Math.floor(member / heads);
      const head = member % heads;
      const key = batchRow * heads + kvHeadOf(this.problem, head);
      const kv = kvSlots.get(key) ?? kvSlots.size;
      kvSlots.set(key, kv);
      return { batchRow, head, kv };
    });
  }

  /** Packs the keys and values of a batch in the plan's order. */
  private async pack(batch: readonly Member[], slots: readonly Slot[]): Promise<void> {
    const { frame, k, v, tiles, problem } = this;
    const { headDim, valueDim, keyLength } = problem;
    const { keyCount } = this.group.block;
    const owners = batch.filter(({ kv }, index) => batch.findIndex((other) => other.kv === kv) === index);
    const records = new Records(PACK, PACK_BYTES, owners.length * tiles);
    for (const { batchRow, head, kv } of owners) {
      const kvHead = kvHeadOf(problem, head);
      const slot = slots[kv];
      k.load(batchRow, kvHead, slot.q, [[0, keyLength]]);
      v.load(batchRow, kvHead, slot.out, [[0, keyLength]]);
      const keys = k.at(batchRow, kvHead, slot.q);
      const values = v.at(batchRow, kvHead, slot.out);
      for (let tile = 0; tile < tiles; tile++) {
        const first = tile * TILE;
        records.set(kv * tiles + tile, {
          keys: keys.address,
          keyStride: keys.stride,
          values: values.address,
          valueStride: values.stride,
          packedKeys: slot.keys + 4 * first * headDim,
          packedValues: slot.values + 4 * first * paddedDim(valueDim),
          finite: slot.finite + tile,
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
  private async attend(batch: readonly Member[], slots: readonly Slot[], tilesBefore: number): Promise<void> {
    const { frame, problem, ranges } = this;
    const { headDim, valueDim } = problem;
    batch.forEach(({ batchRow, head }, index) => this.q.load(batchRow, head, slots[index].q, ranges));
    const heads = frame.words(this.headRecords(batch, slots));

    const count = this.rowBlocks.length * batch.length;
    const records = new Records(TASK, TASK_BYTES, count);
    const tilesAfter = new Float64Array(count + 1);
    // Head by head, so that keys and values stay in the cache; the last head's lightest row blocks end the job evenly.
    let task = 0;
    for (let index = 0; index < batch.length; index++) {
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
      flops: 2 * this.group.block.stats.computedPairs * batch.length * (headDim + valueDim),
      onProgress: (taken) => this.onTiles(tilesBefore + tilesAfter[taken]),
    });
    frame.free(heads);
    batch.forEach((member, index) => this.takeResult(member, slots[index]));
  }

  private headRecords(batch: readonly Member[], slots: readonly Slot[]): Int32Array {
    const { scale, softcap, queryOffset } = this.problem;
    const records = new Records(HEAD, HEAD_BYTES, batch.length, { floats: ['scale', 'cap', 'slope'] });
    batch.forEach(({ batchRow, head, kv }, index) => {
      const q = this.q.at(batchRow, head, slots[index].q);
      const out = this.out.at(batchRow, head, slots[index].out);
      records.set(index, {
        q: q.address,
        qStride: q.stride,
        keys: slots[kv].keys,
        values: slots[kv].values,
        finite: slots[kv].finite,
        out: out.address,
        outStride: out.stride,
        states: slots[index].states,
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
  private takeResult({ batchRow, head }: Member, slot: Slot): void {
    const { heads, queryLength } = this.problem;
    this.out.store(batchRow, head, slot.out, this.ranges);
    const lse = this.call.outputs.at(1);
    if (lse === undefined || slot.states === 0) return;
    writeLse(this.frame, lse, (batchRow * heads + head) * queryLength, slot.states, this.ranges);
  }
}
