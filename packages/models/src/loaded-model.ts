/** A model, its tokenizer, and something to run it on: what `loadModel` gives. */
import { AttnError, type Attn, type Tensors } from '@attn/core';
import {
  aFunction,
  aSignal,
  aString,
  checkArgument,
  checkOptions,
  show,
  type OptionKinds,
  type RunOptions,
} from '@attn/core/backend';
import { CompiledGraphs } from './compiled-graphs.ts';
import { anAttn, aModel, aTokenizer } from './argument-kinds.ts';
import { encode, type Embeddings, type EncodeOptions, type TokenStates } from './encode/encode.ts';
import type { EncodeInput } from './encode/inputs.ts';
import { generate, type Generated, type GenerateOptions, type Prompt } from './generate/generate.ts';
import { checkBatch } from './inputs/batch.ts';
import type { Model, ModelCall, TokenBatch, VectorBatch } from './model.ts';
import type { TextTokenizer } from './tokenizer.ts';

/** Options of `run`. */
export type ModelRunOptions = RunOptions & { readonly backend?: string };

const RUN_OPTIONS: OptionKinds<ModelRunOptions> = {
  backend: aString,
  signal: aSignal,
  onProgress: aFunction,
};

const WHERE = 'models/run';

/** A model that runs. */
export class LoadedModel {
  readonly network: Model;
  /** Undefined when the checkpoint has no tokenizer.json. */
  readonly tokenizer: TextTokenizer | undefined;
  private readonly graphs: CompiledGraphs | undefined;

  /**
   * Errors: `INVALID_ARGUMENT`.
   *
   * @param attn whose backends run it; without, the model can only be looked at and exported
   */
  constructor(model: Model, tokenizer?: TextTokenizer, attn?: Attn) {
    checkArgument('models/LoadedModel', 'model', model, aModel);
    if (tokenizer !== undefined) checkArgument('models/LoadedModel', 'tokenizer', tokenizer, aTokenizer);
    if (attn !== undefined) checkArgument('models/LoadedModel', 'attn', attn, anAttn);
    this.network = model;
    this.tokenizer = tokenizer;
    this.graphs = attn && new CompiledGraphs(attn);
  }

  /**
   * A vector for each text, or the states of its tokens. Texts go through the checkpoint's tokenizer; ids are
   * taken as they are, with their special tokens. Rows of similar length run together, padded; texts longer
   * than the model are cut into overlapping windows, with a warning. A list of numbers or bigints, a typed
   * array of integers or a tensor [tokens] is one input; a tensor [rows, tokens] is one for each row.
   *
   * Errors: `UNSUPPORTED` (a model with a head: load it without), `INVALID_ARGUMENT`, `MISSING_INPUT` (no
   * tokenizer, no `attn`), `ABORTED`, and those of the backends.
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
    const { network: model, tokenizer } = this;
    return encode({ model, tokenizer, graphs: this.running() }, inputs, options);
  }

  /**
   * Continues a text or ids, token by token, where the model is a
   * causal language model. With ids the prompt is taken as it is.
   *
   * Errors: `UNSUPPORTED` (any other model), `INVALID_ARGUMENT`, `MISSING_INPUT`
   * (no tokenizer, no `attn`), `ABORTED`, and those of the backends.
   */
  async generate(prompt: Prompt, options: GenerateOptions = {}): Promise<Generated> {
    const { network: model, tokenizer } = this;
    return generate({ model, tokenizer, graphs: this.running() }, prompt, options);
  }

  /**
   * Runs one batch and returns every output of the model, as the original names them. The batch must not
   * change until the promise settles. Errors: those of `Model.call` and of the run.
   */
  async run(batch: TokenBatch | VectorBatch, options: ModelRunOptions = {}): Promise<Tensors> {
    const graphs = this.running();
    const checked = checkOptions(WHERE, options, RUN_OPTIONS);
    const { graph, inputs } = callOf(this.network, batch);
    return (await graphs.run(graph, inputs, checked)).outputs;
  }

  /** Releases what was compiled. The model can be used again, and compiles again. */
  dispose(): void {
    this.graphs?.clear();
  }

  private running(): CompiledGraphs {
    if (this.graphs !== undefined) return this.graphs;
    const message = 'the model was loaded without an attn to run it on: loadModel(source, { attn })';
    throw new AttnError('MISSING_INPUT', WHERE, message);
  }
}

function callOf(model: Model, batch: TokenBatch | VectorBatch): ModelCall {
  const checked = checkBatch(WHERE, batch);
  const isVectors = 'inputsEmbeds' in checked;
  if (isVectors && 'inputIds' in checked) {
    throw new AttnError('INVALID_ARGUMENT', WHERE, 'the batch must have inputIds or inputsEmbeds, got both');
  }
  if (!isVectors && !('inputIds' in checked)) {
    const message = `the batch must have inputIds, or inputsEmbeds in models of vectors, got ${show(batch)}`;
    throw new AttnError('MISSING_INPUT', WHERE, message);
  }
  if (!isVectors) return model.call(checked);
  if (model.callVectors !== undefined) return model.callVectors(checked);
  throw new AttnError('INVALID_ARGUMENT', WHERE, `${model.architecture} takes inputIds, got inputsEmbeds`);
}
