/**
 * A model with an encoder and a decoder: what batches of BART and LED have in common. A family says how its
 * encoder is built; this class checks batches, finds their shapes, and remembers graphs.
 */
import { AttnError, type Graph, type Tensor, type Tensors } from '@attn/core';
import { aBoolean, checkOptions, show, type OptionKinds } from '@attn/core/backend';
import { tokenTable } from '../encoder/last-token.ts';
import { checkSeq2SeqBatch, readInputIds, refuse } from '../inputs/batch.ts';
import { readPadding } from '../inputs/integers.ts';
import { checkFixedCall } from '../inputs/lengths.ts';
import type { FixedCall, GenerationRules, Model, ModelCall, TokenBatch } from '../model.ts';
import { cachedDecoding, textEncoding } from './cached-decoding.ts';
import type { Seq2SeqConfig } from './config.ts';
import type { EncoderSide } from './encoder-side.ts';
import type { DecoderShape, Seq2SeqParts } from './graph.ts';
import { outputNames } from './heads.ts';
import { textReader, type TextReader } from './text-reader.ts';
import type { DecodingWeights } from './weights.ts';

/** Options of `EncoderDecoder.call`. */
export interface Seq2SeqCallOptions {
  /**
   * Adds outputs `encoder_hidden_states.<i>` and `decoder_hidden_states.<i>`, of an encoder alone
   * `hidden_states.<i>`: the input of every layer and the output of the last. Default false.
   */
  readonly hiddenStates?: boolean;
}

const CALL_OPTIONS: OptionKinds<Seq2SeqCallOptions> = { hiddenStates: aBoolean };

/** A model of texts that an encoder reads and a decoder writes, or of the encoder alone. */
export class EncoderDecoder implements Model {
  readonly family: string;
  readonly architecture: string;
  readonly maxLength: number;
  readonly vocabSize: number;
  readonly padTokenId: number;
  readonly outputs: readonly string[];
  readonly takesPadding = true;
  readonly takesGlobalTokens: boolean;
  readonly tokenTypes = 0;
  readonly generation: GenerationRules | undefined;
  private readonly config: Seq2SeqConfig;
  private readonly reader: TextReader;
  private readonly where: string;

  /** `encoderDecoder` makes it. */
  constructor(
    family: string,
    config: Seq2SeqConfig,
    {
      reader,
      generation,
    }: { readonly reader: TextReader; readonly generation?: GenerationRules | undefined },
  ) {
    this.family = family;
    this.where = `models/${family}`;
    this.config = config;
    this.reader = reader;
    this.architecture = config.architecture;
    // The decoder of a classifier reads the text, too.
    const isRead = config.task === 'sequence';
    this.maxLength = Math.min(reader.maxLength, isRead ? config.decoder.positions.count : Infinity);
    this.vocabSize = config.vocabSize;
    this.padTokenId = config.padTokenId;
    this.takesGlobalTokens = reader.takesGlobalTokens;
    this.outputs = outputNames(config.task);
    this.generation = generation;
  }

  /** Errors: those of `Model.call`; also `INVALID_ARGUMENT` for a text to classify that no id ends. */
  call(batch: TokenBatch, options: Seq2SeqCallOptions = {}): ModelCall {
    const { hiddenStates = false } = checkOptions(this.where, options, CALL_OPTIONS);
    const { decoderInputIds, decoderAttentionMask, ...text } = checkSeq2SeqBatch(this.where, batch);
    const { ids, inputs, graph } = this.reader.read(text);
    const decoder = this.readDecoder({ decoderInputIds, decoderAttentionMask }, ids);
    if (this.config.task === 'sequence') this.checkEnds(ids, inputs.attention_mask);
    return {
      graph: graph({ decoder: decoder.shape, hiddenStates }),
      inputs: { ...inputs, ...decoder.inputs },
    };
  }

  /** A graph whose decoder sees the ids of the encoder, moved one place to the right. */
  fixedGraph(call: FixedCall): Graph {
    const { where, architecture, config } = this;
    const checked = checkFixedCall(where, call, this.maxLength);
    refuse(where, architecture, { task: checked.task });
    if (config.task !== 'encoder') this.checkDecoderLength('length', checked.length);
    const decoder = { length: undefined, padding: false };
    return this.reader.fixedGraph(checked, { decoder, hiddenStates: false });
  }

  private readDecoder(
    { decoderInputIds, decoderAttentionMask }: Pick<TokenBatch, 'decoderInputIds' | 'decoderAttentionMask'>,
    { shape: [rows, sourceLength] }: Tensor<'i32'>,
  ): { readonly shape: DecoderShape; readonly inputs: Tensors } {
    const { where, architecture, config } = this;
    if (config.task === 'encoder') refuse(where, architecture, { decoderInputIds, decoderAttentionMask });
    const ids =
      decoderInputIds === undefined ? undefined : this.decoderIds(decoderInputIds, rows, sourceLength);
    const length = ids?.shape[1] ?? sourceLength;
    if (ids === undefined && config.task !== 'encoder')
      this.checkDecoderLength('without decoderInputIds, the length of inputIds', length);
    const mask =
      decoderAttentionMask === undefined
        ? undefined
        : readPadding(where, architecture, decoderAttentionMask, [rows, length], 'decoderAttentionMask');
    return {
      shape: { length: ids && length, padding: mask !== undefined },
      inputs: {
        ...(ids && { decoder_input_ids: ids }),
        ...(mask && { decoder_attention_mask: mask }),
      },
    };
  }

  private decoderIds(value: TokenBatch['inputIds'], rows: number, sourceLength: number): Tensor<'i32'> {
    const { where, config } = this;
    const name = 'decoderInputIds';
    const { ids } = readInputIds(where, { inputIds: value }, this.vocabSize, undefined, name);
    const [own, length] = ids.shape;
    if (own !== rows) {
      const message = `${name} must have as many rows as inputIds, ${rows}, got ${own}`;
      throw new AttnError('INVALID_SHAPE', where, message);
    }
    this.checkDecoderLength(`the length of ${name}`, length);
    if (config.task === 'sequence' && length !== sourceLength) {
      const message = `of ${this.architecture}, ${name} must be as long as inputIds, ${sourceLength}, got ${length}`;
      throw new AttnError('INVALID_SHAPE', where, message);
    }
    return ids;
  }

  private checkDecoderLength(name: string, length: number): void {
    const { count } = this.config.decoder.positions;
    if (length <= count) return;
    throw new AttnError('INVALID_ARGUMENT', this.where, `${name} must be at most ${count}, got ${length}`);
  }

  /** A text is classified by the state at its end. A row of nothing but padding is no text. */
  private checkEnds({ shape: [rows, length], data }: Tensor<'i32'>, mask: Tensor | undefined): void {
    const { endTokens } = this.config;
    for (let b = 0; b < rows; b++) {
      const row = data.subarray(b * length, (b + 1) * length);
      const isPadding =
        mask !== undefined && ![...mask.data.subarray(b * length, (b + 1) * length)].some(Boolean);
      if (isPadding || row.some((id) => endTokens.includes(id))) continue;
      const message = `each row must have the id that ends a text, ${endTokens.join(' or ')}, got ${show(row)} in row ${b}`;
      throw new AttnError('INVALID_ARGUMENT', this.where, message);
    }
  }
}

/** The model of a family, of a config and weights that it has read. */
export function encoderDecoder<S>(
  family: string,
  config: Seq2SeqConfig,
  encoder: EncoderSide<S>,
  weights: DecodingWeights,
): EncoderDecoder {
  const { task, vocabSize, endTokens } = config;
  const endTable = task === 'sequence' ? tokenTable(vocabSize, (id) => endTokens.includes(id)) : undefined;
  const parts = { config, encoder, weights, endTable };
  const reader = textReader(parts);
  return new EncoderDecoder(family, config, { reader, generation: generationOf(family, parts, reader) });
}

function generationOf(
  family: string,
  { config, weights }: Pick<Seq2SeqParts<unknown>, 'config' | 'weights'>,
  reader: TextReader,
): GenerationRules | undefined {
  const { decoder: own, head } = weights;
  if (own === undefined || config.task !== 'generation') return undefined;
  const { startTokenId, decoder, endTokens } = config;
  const where = `models/${family}`;
  return {
    eosTokenId: endTokens,
    decoder: {
      startTokenId,
      maxLength: decoder.positions.count,
      encode: textEncoding(where, config, reader),
    },
    cached: cachedDecoding(where, config, { decoder: own, head }),
  };
}
