/** The messages between a model's workers and the thread that loaded it. All survive structured cloning. */
import type { ExactActivationForm, Progress, Tensors } from '@attn/core';
import type { WireError } from '@attn/core/backend';
import type { NetworkOptions } from '../load-network.ts';
import type { StorePlace } from '../files/file-store.ts';
import type { TokenBatch, VectorBatch } from '../model.ts';
import type { WorkersOptions } from './options.ts';

/** What a worker is started with. */
export interface WorkerStart extends Pick<Required<WorkersOptions>, 'backend' | 'threads'> {
  /** Where the files of the model are. */
  readonly place: StorePlace;
  readonly loading: Pick<
    NetworkOptions,
    'architecture' | 'dtype' | 'activations' | 'modules' | 'head' | 'for'
  >;
}

/** A batch to run. */
export interface BatchRequest {
  readonly batch: TokenBatch | VectorBatch;
  /** The words of the head, in place of the model's own head (`Model.wordModel`). */
  readonly words?: readonly number[] | undefined;
  /** Name of the backend that the caller asks for. */
  readonly backend: string | undefined;
  readonly wantsProgress: boolean;
}

/** A message to a worker. It has one batch at a time, and answers it by `done` or `failed`. */
export type Request =
  | ({ readonly type: 'run' } & BatchRequest)
  | { readonly type: 'abort' }
  | { readonly type: 'end' };

/** What comes of a batch. */
export interface BatchResult {
  readonly outputs: Tensors;
  readonly backend: string;
}

/** A message from a worker. The first is `ready` or `unready`. */
export type Response =
  | { readonly type: 'ready'; readonly fastestInputs: ExactActivationForm }
  | { readonly type: 'unready'; readonly error: WireError }
  | ({ readonly type: 'done' } & BatchResult)
  | { readonly type: 'failed'; readonly error: WireError }
  | { readonly type: 'progress'; readonly progress: Progress };
