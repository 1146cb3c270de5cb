/**
 * The `lshAttention` op. Heads are taken in batches of a few megabytes, or one by one if they are longer. The
 * rounds of a batch are computed one after another, each by all threads. Beside its inputs and outputs a head
 * needs twelve bytes for each token.
 */
import { lshProblem, TILE, type Kernel, type KernelCall, type LshProblem } from '@attn/core/backend';
import { StagedHeads } from '../attention/staged-heads.ts';
import { writeLse } from '../attention/write-lse.ts';
import type { Engine } from '../engine/engine.ts';
import type { LoadedModule } from '../engine/module-store.ts';
import { lshModule } from '../kernels/lsh/attend.ts';
import {
  CHUNKS,
  CHUNKS_BYTES,
  LSH_HEAD,
  LSH_HEAD_BYTES,
  LSH_TASK,
  LSH_TASK_BYTES,
  lshScratchLayout,
  NORMS,
  NORMS_BYTES,
} from '../kernels/lsh/layout.ts';
import { Records } from '../kernels/records.ts';
import { inFrame, type Frame } from '../ops/frame.ts';
import { placeChunkGrid, type ChunkGrid } from './chunk-grid.ts';

/** The most bytes of qk, v and out of a batch of heads. */
const BATCH_BYTES = 8 * 2 ** 20;

/** Number of key tiles of a task: they take about a third of a millisecond. */
const TASK_TILES = 16;

/** Number of tasks per thread in a large round: enough that all threads end at about the same time. */
const TASKS_PER_THREAD = 8;

/** Number of rows of a task that computes norms. */
const NORM_ROWS = 1024;

/** Makes the kernel of `lshAttention`. */
export function lshAttentionKernel(engine: Engine): Kernel<'lshAttention'> {
  return (call) =>
    inFrame(engine, call, async (frame) => {
      const problem = lshProblem(call.inputs, call.attributes);
      if (problem.batch * problem.length > 0) await new LshRun(frame, call, problem).run();
    });
}

/** A head of a batch row, and the addresses of its memory. */
interface LshMember {
  readonly index: number;
  readonly batchRow: number;
  readonly head: number;
  /** Staging memory of qk, v and out, for tensors outside of the heap. */
  readonly qk: number;
  readonly v: number;
  readonly out: number;
  readonly inverseNorms: number;
  readonly states: number;
  /** [R × N] chunks by round and token; 0 where it does not matter how often pairs meet. */
  readonly chunkOf: number;
}

class LshRun {
  private readonly frame: Frame;
  private readonly call: KernelCall<'lshAttention'>;
  private readonly problem: LshProblem;
  private readonly module: LoadedModule;
  private readonly grid: ChunkGrid;
  private readonly qk: StagedHeads;
  private readonly v: StagedHeads;
  private readonly out: StagedHeads;
  private readonly order: number;
  private readonly buckets: number;
  private readonly mask: number;
  private readonly blocks: number;

  constructor(frame: Frame, call: KernelCall<'lshAttention'>, problem: LshProblem) {
    const { inputs, outputs } = call;
    const { layout, heads, length, headDim, valueDim } = problem;
    const { keyNorm, causal, withinBuckets, duplicates } = problem;
    this.frame = frame;
    this.call = call;
    this.problem = problem;
    const kind = { headDim, valueDim, keyNorm, causal, withinBuckets, duplicates };
    this.module = frame.engine.load(`lsh ${JSON.stringify(kind)}`, (options) =>
      lshModule({ ...options, ...kind }),
    );
    this.grid = placeChunkGrid(frame, problem);
    this.qk = new StagedHeads(frame, inputs.q, { layout, heads, length, dim: headDim });
    this.v = new StagedHeads(frame, inputs.v, { layout, heads, length, dim: valueDim });
    this.out = new StagedHeads(frame, outputs[0], { layout, heads, length, dim: valueDim });
    this.order = frame.raw(inputs.order);
    this.buckets = withinBuckets ? frame.raw(inputs.buckets) : 0;
    this.mask = inputs.keyMask ? frame.raw(inputs.keyMask) : 0;
    this.blocks = Math.ceil(length / TILE);
  }

  async run(): Promise<void> {
    const { qk, v, out } = this;
    const { batch, heads, rounds } = this.problem;
    const count = batch * heads;
    const size = Math.max(1, Math.min(count, Math.floor(BATCH_BYTES / (4 * (qk.size + v.size + out.size)))));
    const memory = this.allocate(size);
    for (let first = 0; first < count; first += size) {
      const members = memory.slice(0, count - first).map((part, index): LshMember => {
        const member = first + index;
        return { ...part, index: member, batchRow: Math.floor(member / heads), head: member % heads };
      });
      await this.prepare(members);
      const records = this.frame.words(this.headRecords(members));
      for (let round = 0; round < rounds; round++) await this.computeRound(members, records, round);
      this.frame.free(records);
      members.forEach((member) => this.writeBack(member));
    }
  }

  /** Allocates memory for a batch of heads. */
  private allocate(count: number): Omit<LshMember, 'index' | 'batchRow' | 'head'>[] {
    const { length, rounds, duplicates } = this.problem;
    const take = (bytes: number): number => (bytes === 0 ? 0 : this.frame.allocate(bytes));
    return Array.from({ length: count }, () => ({
      qk: take(4 * this.qk.stagedSize),
      v: take(4 * this.v.stagedSize),
      out: take(4 * this.out.stagedSize),
      inverseNorms: take(4 * length),
      states: take(8 * length),
      chunkOf: duplicates === 'each' ? 0 : take(4 * rounds * length),
    }));
  }

  /** Copies heads into the heap, and computes the norms of keys and, if needed, the chunk of each token. */
  private async prepare(members: readonly LshMember[]): Promise<void> {
    const { frame, module, problem } = this;
    const { length, rounds, headDim, duplicates } = problem;
    const perMember = Math.ceil(length / NORM_ROWS);
    const norms = new Records(NORMS, NORMS_BYTES, members.length * perMember);
    members.forEach(({ batchRow, head, ...at }, index) => {
      this.qk.load(batchRow, head, at.qk, [[0, length]]);
      this.v.load(batchRow, head, at.v, [[0, length]]);
      const x = this.qk.at(batchRow, head, at.qk);
      for (let task = 0; task < perMember; task++) {
        const row = task * NORM_ROWS;
        norms.set(index * perMember + task, {
          x: x.address + row * x.stride,
          xStride: x.stride,
          count: Math.min(NORM_ROWS, length - row),
          to: at.inverseNorms + 4 * row,
        });
      }
    });
    const flops = 4 * members.length * length * headDim;
    await frame.run({ module, kernel: 'norms', records: norms, flops });
    if (duplicates === 'each') return;

    const chunks = new Records(CHUNKS, CHUNKS_BYTES, members.length * rounds);
    const chunkLength = Math.min(problem.chunkLength, length);
    members.forEach(({ index: member, chunkOf }, index) => {
      for (let round = 0; round < rounds; round++) {
        const order = this.order + 4 * (member * rounds + round) * length;
        const to = chunkOf + 4 * round * length;
        chunks.set(index * rounds + round, { order, to, length, chunkLength });
      }
    });
    await frame.run({ module, kernel: 'chunks', records: chunks, flops: 8 * chunks.count * length });
  }

  /** Computes a round of a batch. */
  private async computeRound(members: readonly LshMember[], heads: number, round: number): Promise<void> {
    const { blocks, grid, problem } = this;
    const { threads } = this.frame.engine;
    const { batch, length, headDim, valueDim, rounds } = problem;
    const perTask = Math.min(
      Math.ceil(TASK_TILES / grid.tilesPerBlock),
      Math.ceil((members.length * blocks) / (TASKS_PER_THREAD * threads)),
    );
    const perMember = Math.ceil(blocks / perTask);
    const records = new Records(LSH_TASK, LSH_TASK_BYTES, members.length * perMember);
    for (let task = 0; task < records.count; task++) {
      const firstBlock = (task % perMember) * perTask;
      records.set(task, {
        head: heads + Math.floor(task / perMember) * LSH_HEAD_BYTES,
        round,
        firstBlock,
        endBlock: Math.min(firstBlock + perTask, blocks),
      });
    }
    const total = batch * problem.heads * rounds * blocks * grid.tilesPerBlock;
    const done = (members[0].index * rounds + members.length * round) * blocks * grid.tilesPerBlock;
    const tilesPerTask = (members.length * blocks * grid.tilesPerBlock) / records.count;
    await this.frame.run({
      module: this.module,
      kernel: 'attend',
      records,
      scratchBytes: lshScratchLayout(headDim, valueDim).slots + grid.slotsBytes,
      flops: 2 * members.length * length * TILE * grid.tilesPerBlock * (headDim + valueDim),
      onProgress: (begun) =>
        this.call.context.onProgress?.({
          done: Math.floor(done + begun * tilesPerTask),
          total,
          unit: 'tiles',
        }),
    });
  }

  private headRecords(members: readonly LshMember[]): Int32Array {
    const { length, rounds, scale } = this.problem;
    const records = new Records(LSH_HEAD, LSH_HEAD_BYTES, members.length, { floats: ['scale'] });
    members.forEach(({ index: member, batchRow, head, ...at }, index) => {
      const [qk, v, out] = [
        this.qk.at(batchRow, head, at.qk),
        this.v.at(batchRow, head, at.v),
        this.out.at(batchRow, head, at.out),
      ];
      const rows = 4 * member * rounds * length;
      records.set(index, {
        qk: qk.address,
        qkStride: qk.stride,
        v: v.address,
        vStride: v.stride,
        out: out.address,
        outStride: out.stride,
        inverseNorms: at.inverseNorms,
        states: at.states,
        order: this.order + rows,
        buckets: this.buckets === 0 ? 0 : this.buckets + rows,
        chunkOf: at.chunkOf,
        mask: this.mask === 0 ? 0 : this.mask + batchRow * length,
        scale,
        call: this.grid.address,
      });
    });
    return records.words;
  }

  /** Copies the results of a head to the outputs. */
  private writeBack({ index, batchRow, head, out, states }: LshMember): void {
    const { length } = this.problem;
    const ranges = [[0, length]] as const;
    this.out.store(batchRow, head, out, ranges);
    const lse = this.call.outputs.at(1);
    if (lse) writeLse(this.frame, lse, { states, start: index * length, ranges });
  }
}
