/** Runs a model over windows of texts: those of similar length together, as batches. */
import { bool, i32, type Tensors } from '@attn/core';
import { throwIfAborted } from '@attn/core/backend';
import { batchesAhead, type GraphOutputs } from '../graph/model-runs.ts';
import type { Model, TokenBatch } from '../model.ts';
import type { RunnableModel } from '../runnable-model.ts';
import { batchesOf, type Batch } from './batches.ts';
import { Flights } from './flights.ts';
import type { TextWindow } from './windows.ts';

/** The part of a window that a model sees. */
export interface RunWindow extends Pick<TextWindow, 'ids' | 'typeIds'> {
  /** Positions of its global tokens. Default: those of all rows. */
  readonly globalTokens?: readonly number[] | undefined;
}

/** How windows are run. */
export interface RunWindowsOptions {
  /** The place in errors. */
  readonly where: string;
  /** Positions of global tokens in every row; the model's own rule without. */
  readonly globalTokens?: readonly number[] | undefined;
  /** The task whose adapters take part; none without. */
  readonly task?: string | undefined;
  /** Most tokens that run together, padding included. */
  readonly batchTokens: number;
  readonly backend?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of windows that are done, first with 0, and with the number of all. */
  readonly onWindows?: ((done: number, total: number) => void) | undefined;
}

/**
 * Runs all windows, the longest first. `receive` gets each with the outputs of its batch and its row in them.
 * Returns the names of the backends that took part.
 */
export async function runWindows<W extends RunWindow>(
  { model, graphs }: Pick<RunnableModel, 'model' | 'graphs'>,
  windows: readonly W[],
  { where, globalTokens, task, batchTokens, backend, signal, onWindows }: RunWindowsOptions,
  receive: (window: W, outputs: Tensors, row: number) => void,
): Promise<readonly string[]> {
  const batches = batchesOf(
    windows.map(({ ids }) => ids.length),
    {
      maxLength: model.maxLength,
      graphLength: model.graphLength?.bind(model),
      batchTokens,
      padded: model.takesPadding,
    },
  );
  const backends = new Set<string>();
  let done = 0;
  onWindows?.(0, windows.length);
  const run = async (batch: Batch, stop: AbortSignal): Promise<BatchRun<W>> => {
    const members = batch.members.map((index) => windows[index]);
    const tokens = tokenBatch(model, batch, members, globalTokens);
    const result = await graphs.runBatch(
      { ...tokens, ...(task !== undefined && { task }) },
      { backend, signal: stop },
    );
    return { members, ...result };
  };
  const flights = new Flights<BatchRun<W>>(signal);
  const ahead = batchesAhead(graphs);
  try {
    for (let next = 0; done < windows.length;) {
      throwIfAborted(signal, where);
      for (; next < batches.length && flights.size < ahead; next++)
        flights.start((stop) => run(batches[next], stop));
      const landed = await flights.take();
      if (landed === undefined) break;
      backends.add(landed.backend);
      for (const [row, window] of landed.members.entries()) receive(window, landed.outputs, row);
      done += landed.members.length;
      onWindows?.(done, windows.length);
    }
  } finally {
    await flights.end();
  }
  return [...backends];
}

/** A batch that has run. */
interface BatchRun<W> extends GraphOutputs {
  readonly members: readonly W[];
}

/** Ids, masks and types of a batch. Rows after its members are only padding. */
function tokenBatch(
  { padTokenId, takesPadding, tokenTypes = 0 }: Model,
  { rows, length }: Batch,
  members: readonly RunWindow[],
  globalTokens: readonly number[] | undefined,
): TokenBatch {
  const shape = [rows, length];
  const ids = new Int32Array(rows * length).fill(padTokenId);
  const mask = new Uint8Array(rows * length);
  const globals = new Uint8Array(rows * length);
  const types = new Int32Array(rows * length);
  const hasGlobals = members.some((window) => (window.globalTokens ?? globalTokens) !== undefined);
  for (const [row, window] of members.entries()) {
    ids.set(window.ids, row * length);
    mask.fill(1, row * length, row * length + window.ids.length);
    if (tokenTypes > 1) types.set(window.typeIds ?? [], row * length);
    for (const position of window.globalTokens ?? globalTokens ?? [])
      if (position < window.ids.length) globals[row * length + position] = 1;
  }
  return {
    inputIds: i32(shape, ids),
    ...(takesPadding && { attentionMask: bool(shape, mask) }),
    ...(hasGlobals && { globalAttentionMask: bool(shape, globals) }),
    // Without types all are 0, and most batches are so: their graph is smaller.
    ...(types.some((type) => type > 0) && { tokenTypeIds: i32(shape, types) }),
  };
}
