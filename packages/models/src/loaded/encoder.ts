/** Models that make vectors of texts. */
import type { TextChunks } from '../encode/chunks.ts';
import type { ChunkEmbeddings, Embeddings, TokenStates } from '../encode/encode.ts';
import type { EncodeInput } from '../encode/inputs.ts';
import type { EncodeManyOptions, Keyed, ManyInput, ManyResult } from '../encode/many-options.ts';
import type { EncodeOptions } from '../encode/options.ts';
import { runnableOf, type LoadedModel } from '../loaded-model.ts';
import type { PoolingMode } from '../sentence/pooling.ts';
import type { Precision } from '../sentence/quantize.ts';
import { checkAbility } from './abilities.ts';
import type { TokenizedInput, TextInput } from '../tokenizer.ts';
import type { TokenizeOptions } from '../encode/tokenize-inputs.ts';
import { VectorModel } from './vector-model.ts';

/**
 * A model that makes vectors of texts: one without a head, or a folder of sentence-transformers.
 *
 * @example
 * const model = await loadModel('allenai/longformer-base-4096', { attn, for: 'encode' });
 * const { embeddings } = await model.encode(['Call me Ishmael.']);
 */
export class Encoder extends VectorModel {
  /**
   * Errors: `UNSUPPORTED` (a model that is none), `INVALID_ARGUMENT`. The arguments are those of
   * `LoadedModel`.
   */
  constructor(...parts: ConstructorParameters<typeof LoadedModel>) {
    super(...parts);
    checkAbility('models/Encoder', 'encode', this);
  }

  /**
   * Computes a vector for each text, or the states of its tokens. Texts go through the
   * checkpoint's tokenizer, as do pairs `{ text, pair }`, with the separators and token types
   * of the model; ids are used as they are, with their special tokens. Rows of similar length
   * run together, padded, so that the vector of a text does not depend on the others. Texts longer than the
   * model are split into overlapping windows, with a warning; of a pair, every window has the whole first
   * text. A list of numbers or bigints, a typed array of integers or a tensor [tokens] is one input; a tensor
   * [rows, tokens] is one for each row.
   *
   * In a folder of sentence-transformers (`modules.json`), its modules make the vectors, its prompts stand
   * before the texts, and longer texts are cut where it says. `as: 'query'` and `as: 'document'` choose the
   * prompt by what texts are for.
   *
   * Errors: `UNSUPPORTED` (a model with a head: load it without; a pair, where the tokenizer does not
   * take pairs), `INVALID_ARGUMENT`, `MISSING_INPUT` (no tokenizer, no `attn`), `ABORTED`, and those of
   * the backends.
   *
   * @example
   * const { embeddings } = await model.encode(['Call me Ishmael.', 'Some years ago'], { normalize: true });
   * const { chunks } = await model.encode('Call me Ishmael. Or not.', { chunks: 'sentences' });
   * const pair = { text: 'Who narrates?', pair: 'Call me Ishmael.' };
   * const { states, tokenized } = await model.encode(pair, { pooling: 'none' });
   */
  encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options: EncodeOptions & { readonly pooling: 'none' },
  ): Promise<TokenStates>;
  encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options: EncodeOptions & {
      readonly chunks: TextChunks;
      readonly pooling?: PoolingMode | readonly PoolingMode[];
    },
  ): Promise<ChunkEmbeddings>;
  encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options: EncodeOptions & {
      readonly quantize: Precision;
      readonly pooling?: PoolingMode | readonly PoolingMode[];
    },
  ): Promise<Embeddings & Required<Pick<Embeddings, 'quantized'>>>;
  encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options?: EncodeOptions & { readonly pooling?: PoolingMode | readonly PoolingMode[] },
  ): Promise<Embeddings>;
  encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options?: EncodeOptions,
  ): Promise<Embeddings | ChunkEmbeddings | TokenStates>;
  async encode(
    inputs: EncodeInput | readonly EncodeInput[],
    options: EncodeOptions = {},
  ): Promise<Embeddings | ChunkEmbeddings | TokenStates> {
    const runnable = runnableOf(this);
    const { encode } = await import('../encode/encode.ts');
    return encode(runnable, inputs, options);
  }

  /**
   * The tokens of texts or pairs, with the prompt that `encode` with the same options puts before them.
   * `encode` takes the result and does not tokenize again.
   *
   * Errors: `INVALID_ARGUMENT`, `UNSUPPORTED`, `MISSING_INPUT` (no tokenizer, no `attn`), `ABORTED`.
   *
   * @example
   * const inputs = await model.tokenize(['Call me Ishmael.'], { as: 'document' });
   * console.log(inputs[0].tokens.ids.length);
   * const { embeddings } = await model.encode(inputs, { as: 'document' });
   */
  async tokenize(
    inputs: string | TextInput | readonly (string | TextInput)[],
    options: TokenizeOptions = {},
  ): Promise<readonly TokenizedInput[]> {
    const runnable = runnableOf(this);
    const { tokenizeForVectors } = await import('../encode/tokenize-inputs.ts');
    return tokenizeForVectors(runnable, inputs, options);
  }

  /**
   * Encodes any number of texts of a source, in constant memory: what comes of each is what `encode` gives
   * for that text alone, with its key. Texts of similar length run together, so results come in another order
   * than texts. No more texts are taken than the window `lookAhead` holds, and none while nobody asks for
   * results. A source that pauses gets the results of the texts before. With `done`, a run that was
   * interrupted goes on where it ended.
   *
   * Errors: those of `encode`, of the source and of the callbacks. One that is the fault of a text goes to
   * `onError` if there is one.
   *
   * @example
   * const texts = [{ key: 'moby', text: 'Call me Ishmael.' }, { key: 'pride', text: 'It is a truth' }];
   * for await (const { key, embeddings } of model.encodeMany(texts)) console.log(key, embeddings.shape);
   */
  encodeMany(
    inputs: Iterable<ManyInput> | AsyncIterable<ManyInput>,
    options: EncodeManyOptions & { readonly pooling: 'none' },
  ): AsyncGenerator<Keyed<TokenStates>, void, undefined>;
  encodeMany(
    inputs: Iterable<ManyInput> | AsyncIterable<ManyInput>,
    options: EncodeManyOptions & {
      readonly chunks: 'sentences' | number;
      readonly pooling?: PoolingMode | readonly PoolingMode[];
    },
  ): AsyncGenerator<Keyed<ChunkEmbeddings>, void, undefined>;
  encodeMany(
    inputs: Iterable<ManyInput> | AsyncIterable<ManyInput>,
    options?: EncodeManyOptions & { readonly pooling?: PoolingMode | readonly PoolingMode[] },
  ): AsyncGenerator<Keyed<Embeddings>, void, undefined>;
  async *encodeMany(
    inputs: Iterable<ManyInput> | AsyncIterable<ManyInput>,
    options: EncodeManyOptions = {},
  ): AsyncGenerator<ManyResult, void, undefined> {
    const runnable = runnableOf(this);
    const { encodeMany } = await import('../encode/encode-many.ts');
    yield* encodeMany(runnable, inputs, options);
  }
}
