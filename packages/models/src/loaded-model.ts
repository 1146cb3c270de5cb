/** A model, its tokenizer, and something to run it on: what `loadModel` gives. */
import { AttnError, type Attn, type RunOptions, type Tensors } from '@attn/core';
import { CompiledGraphs } from './compiled-graphs.ts';
import {
  encode,
  type Embeddings,
  type EncodeInput,
  type EncodeOptions,
  type TokenStates,
} from './encode/encode.ts';
import { generate, type Generated, type GenerateOptions } from './generate/generate.ts';
import type { Model, ModelCall, TokenBatch, VectorBatch } from './model.ts';
import type { TextTokenizer } from './tokenizer.ts';

/** A model that runs. */
export class LoadedModel {
  readonly model: Model;
  /** Undefined when the checkpoint has no tokenizer.json. */
  readonly tokenizer: TextTokenizer | undefined;
  private readonly graphs: CompiledGraphs | undefined;

  /** @param attn whose backends run it; without, the model can only be looked at and exported */
  constructor(model: Model, tokenizer?: TextTokenizer, attn?: Attn) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.graphs = attn && new CompiledGraphs(attn);
  }

  /**
   * A vector for each text, or the states of its tokens. Texts go through the checkpoint's tokenizer; ids are taken as they are, with their
   * special tokens. Rows of similar length run together, padded; texts longer than the model are cut into overlapping windows, with a warning.
   *
   * Errors: `UNSUPPORTED` (a model with a head: load it without), `INVALID_ARGUMENT`, `MISSING_INPUT` (no tokenizer, no `attn`), `ABORTED`,
   * and those of the backends.
   */
  encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options: EncodeOptions & { readonly pooling: 'none' },
  ): Promise<TokenStates>;
  encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options?: EncodeOptions & { readonly pooling?: 'cls' | 'mean' },
  ): Promise<Embeddings>;
  encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options?: EncodeOptions,
  ): Promise<Embeddings | TokenStates>;
  async encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options: EncodeOptions = {},
  ): Promise<Embeddings | TokenStates> {
    const { model, tokenizer } = this;
    return encode({ model, tokenizer, graphs: this.running() }, listOf(inputs), options);
  }

  /**
   * Continues a text or ids, token by token, where the model is a causal language model. With ids the prompt is taken as it is.
   *
   * Errors: `UNSUPPORTED` (any other model), `INVALID_ARGUMENT`, `MISSING_INPUT` (no tokenizer, no `attn`), `ABORTED`, and those of the backends.
   */
  async generate(prompt: string | readonly number[], options: GenerateOptions = {}): Promise<Generated> {
    const { model, tokenizer } = this;
    return generate({ model, tokenizer, graphs: this.running() }, prompt, options);
  }

  /**
   * Runs one batch and returns every output of the model, as the original names them. The batch must not change until the promise settles.
   * Errors: those of `Model.call` and of the run.
   */
  async run(
    batch: TokenBatch | VectorBatch,
    options: RunOptions & { readonly backend?: string } = {},
  ): Promise<Tensors> {
    const graphs = this.running();
    const { graph, inputs } = callOf(this.model, batch);
    return (await graphs.run(graph, inputs, options)).outputs;
  }

  /** Releases what was compiled. The model can be used again, and compiles again. */
  dispose(): void {
    this.graphs?.clear();
  }

  private running(): CompiledGraphs {
    if (this.graphs !== undefined) return this.graphs;
    const message = 'the model was loaded without an attn to run it on: loadModel(source, { attn })';
    throw new AttnError('MISSING_INPUT', 'models/run', message);
  }
}

function callOf(model: Model, batch: TokenBatch | VectorBatch): ModelCall {
  if (!('inputsEmbeds' in batch)) return model.call(batch);
  if (model.callVectors !== undefined) return model.callVectors(batch);
  const message = `${model.architecture} takes input_ids, got inputs_embeds`;
  throw new AttnError('INVALID_ARGUMENT', 'models/run', message);
}

/** One text or one list of ids, or a list of either. */
function listOf(inputs: EncodeInput | readonly EncodeInput[]): readonly EncodeInput[] {
  if (typeof inputs === 'string') return [inputs];
  return isIds(inputs) ? [inputs] : inputs;
}

function isIds(inputs: readonly number[] | readonly EncodeInput[]): inputs is readonly number[] {
  return inputs.length > 0 && inputs.every((item) => typeof item === 'number');
}
