/** Models of the stub hub that have the names and the sizes of real ones, but no meaning. */
import { mulberry32 } from '@attn/core/backend';
import { commitOf, type StubDiscussion, type StubFiles, type StubModel } from './stub-hub.testing.ts';

export const ID = 'org/name';
export const MAIN: string = commitOf('c0ffee');
export const PULL_REQUEST: string = commitOf('beef');

/** Bytes that differ from those of another seed. */
export function someBytes(length: number, seed: number): Uint8Array {
  const random = mulberry32(seed);
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Weights of 200,000 bytes. */
export const WEIGHTS: Uint8Array = someBytes(200_000, 1);
export const BIN: Uint8Array = someBytes(150_000, 2);

/** The files beside the weights. */
export const COMPANIONS: StubFiles = new Map([
  ['README.md', text('# A model')],
  ['config.json', text('{"model_type":"longformer"}')],
  ['generation_config.json', text('{}')],
  ['tokenizer.json', text('{"model":{}}')],
  ['tokenizer_config.json', text('{"x":1}')],
  ['vocab.json', text('{"a":0}')],
  ['merges.txt', text('#version')],
]);

/** A model with the companions and other files, as `main`. */
export function modelOf(
  files: Readonly<Record<string, Uint8Array>>,
  more: Partial<StubModel> = {},
): StubModel {
  const main = { commit: MAIN, files: new Map([...COMPANIONS, ...Object.entries(files)]) };
  return { id: ID, revisions: new Map([['main', main]]), ...more };
}

/** A model that has only PyTorch's files, and pull requests. Number 4 has the weights in safetensors. */
export function modelWithPullRequest(
  discussions: readonly StubDiscussion[],
  { bin = BIN, ...more }: Partial<StubModel> & { readonly bin?: Uint8Array } = {},
): StubModel {
  const model = modelOf({ 'pytorch_model.bin': BIN });
  const files = new Map([...COMPANIONS, ['pytorch_model.bin', bin], ['model.safetensors', WEIGHTS]] as const);
  const revisions = new Map([...model.revisions, ['refs/pr/4', { commit: PULL_REQUEST, files }] as const]);
  return { ...model, revisions, discussions, ...more };
}
