/** Texts to ids and back. */
import { AttnError } from '@attn/core';
import {
  aBoolean,
  aList,
  aSignal,
  aString,
  checkArgument,
  checkOptions,
  createPause,
  integer,
  show,
  type Kind,
  type OptionKinds,
} from '@attn/core/backend';
import { cleaned } from './decoders/decoder.ts';
import type { Definition, Role } from './definition.ts';
import { TokenList } from './models/token-list.ts';
import {
  EncodingBuilder,
  type AsyncOptions,
  type EncodeOptions,
  type Encoding,
  type Span,
  type WindowedEncoding,
  type WindowOptions,
} from './output/encoding.ts';
import { padded, type Padded, type PadOptions } from './output/pad.ts';
import { addedCount, type TemplatePart, type TextPart } from './output/template.ts';
import { Trimmer } from './output/trim.ts';
import { roomOf, slices, type Slice } from './output/windows.ts';
import { Pipeline } from './pipeline.ts';
import { finish, STRIDE, type Steps } from './steps.ts';

const aNumeric: Kind = { expected: 'a number', test: (value) => typeof value === 'number' };

type AllOptions = EncodeOptions & Partial<WindowOptions>;

const KINDS: OptionKinds<AllOptions> = {
  pair: aString,
  addSpecialTokens: aBoolean,
  maxLength: integer(1),
  stride: integer(0),
};
const ASYNC_KINDS: OptionKinds<AllOptions & AsyncOptions> = { ...KINDS, signal: aSignal };

/** How ids become a text. */
export interface DecodeOptions {
  /** Whether special tokens, such as `[CLS]`, are left out; true by default. */
  readonly skipSpecialTokens?: boolean;
}

/**
 * A tokenizer: texts to ids with the place of every token, and ids to texts. Make one with
 * `tokenizerFromFiles` or `tokenizerFromJson`. It may be used by many calls at once.
 */
export class Tokenizer {
  /** Ids are below this. A model's table of words may be larger. */
  readonly vocabSize: number;
  private readonly definition: Definition;
  private readonly pipeline: Pipeline;
  private readonly trimmer: Trimmer | undefined;
  private readonly contents: ReadonlyMap<string, number>;
  private readonly added: ReadonlyMap<number, { readonly content: string; readonly special: boolean }>;

  /** For this package: users call `tokenizerFromFiles` or `tokenizerFromJson`. */
  constructor(definition: Definition) {
    const { added, model, trim } = definition;
    this.definition = definition;
    this.pipeline = new Pipeline(definition);
    this.contents = new Map(added.map(({ content, id }) => [content, id]));
    this.added = new Map(added.map((token) => [token.id, token]));
    this.vocabSize = added.reduce((limit, { id }) => Math.max(limit, id + 1), model.vocabulary.idLimit);
    if (trim !== undefined) this.trimmer = new Trimmer(trim.addPrefixSpace, (id) => this.idToToken(id));
  }

  /**
   * The ids of a text, or of a pair of texts, with the place of every token. With `maxLength` the text is
   * cut into windows.
   * @throws AttnError `INVALID_ARGUMENT`: options that cannot be
   * @example
   * const { ids, offsets } = tokenizer.encode('Call me Ishmael.');
   * const { windows } = tokenizer.encode('Who narrates?', { pair: novel, maxLength: 512, stride: 128 });
   */
  encode(text: string, options: WindowOptions): WindowedEncoding;
  encode(text: string, options?: EncodeOptions): Encoding;
  encode(text: string, options: AllOptions = {}): Encoding {
    const where = 'tokenizers/encode';
    return finish(this.steps(where, text, checkOptions(where, options, KINDS)));
  }

  /**
   * What `encode` returns, worked out in small steps between which the event loop turns: a page stays
   * alive, and `signal` ends the call.
   * @throws AttnError `INVALID_ARGUMENT`, `ABORTED`
   * @example
   * const { ids } = await tokenizer.encodeAsync(novel, { signal: AbortSignal.timeout(1_000) });
   */
  encodeAsync(text: string, options: WindowOptions & AsyncOptions): Promise<WindowedEncoding>;
  encodeAsync(text: string, options?: EncodeOptions & AsyncOptions): Promise<Encoding>;
  async encodeAsync(text: string, options: AllOptions & AsyncOptions = {}): Promise<Encoding> {
    const where = 'tokenizers/encodeAsync';
    const { signal, ...others } = checkOptions(where, options, ASYNC_KINDS);
    const steps = this.steps(where, text, others);
    const pause = createPause(signal, where);
    for (;;) {
      const pausing = pause();
      if (pausing) await pausing;
      const step = steps.next();
      if (step.done) return step.value;
    }
  }

  /**
   * What `encode` returns, worked out step by step, each of a few milliseconds; yields how many UTF-16
   * units of the texts are done. For callers that have their own way to pause and to report progress.
   * @throws AttnError `INVALID_ARGUMENT`
   * @example
   * const steps = tokenizer.encodeSteps(novel);
   * let step = steps.next();
   * for (; !step.done; step = steps.next()) console.log(`${step.value} characters`);
   * console.log(step.value.ids.length);
   */
  encodeSteps(text: string, options: WindowOptions): Generator<number, WindowedEncoding, undefined>;
  encodeSteps(text: string, options?: EncodeOptions): Generator<number, Encoding, undefined>;
  encodeSteps(text: string, options: AllOptions = {}): Generator<number, Encoding, undefined> {
    const where = 'tokenizers/encodeSteps';
    const progress = new Progress();
    return reporting(this.steps(where, text, checkOptions(where, options, KINDS), progress), progress);
  }

  /**
   * The text of ids.
   * @throws AttnError `INVALID_ARGUMENT` for what is no id
   * @example
   * tokenizer.decode([0, 38, 438, 2]); // 'Call'
   * tokenizer.decode([0, 38, 438, 2], { skipSpecialTokens: false }); // '<s>Call</s>'
   */
  decode(ids: ArrayLike<number>, options: DecodeOptions = {}): string {
    const where = 'tokenizers/decode';
    const { skipSpecialTokens = true } = checkOptions(where, options, { skipSpecialTokens: aBoolean });
    checkArgument(where, 'ids', ids, aList);
    const tokens: string[] = [];
    for (const [i, id] of Array.from(ids).entries()) {
      const token = typeof id === 'number' ? this.idToToken(id) : undefined;
      if (token === undefined) {
        const message = `ids[${i}] must be the id of a token, from 0 to ${this.vocabSize - 1}, got ${show(id)}`;
        throw new AttnError('INVALID_ARGUMENT', where, message);
      }
      if (!skipSpecialTokens || !this.isSpecial(id)) tokens.push(token);
    }
    const text = this.definition.decoder(tokens).join('');
    return this.definition.cleansDecoded ? cleaned(text) : text;
  }

  /**
   * Encodings as rows of one length, with their attention mask: 1 for tokens, 0 for padding.
   * @throws AttnError `INVALID_ARGUMENT`; `UNSUPPORTED` where rows differ and the tokenizer has no padding
   *   token
   * @example
   * const { ids, attentionMask } = tokenizer.pad(texts.map((text) => tokenizer.encode(text)));
   */
  pad(encodings: readonly Encoding[], options: PadOptions = {}): Padded {
    return padded(encodings, this.padId, options);
  }

  /** The id of a token; undefined where there is none. */
  tokenToId(token: string): number | undefined {
    checkArgument('tokenizers/tokenToId', 'token', token, aString);
    return this.contents.get(token) ?? this.definition.model.vocabulary.tokenToId(token);
  }

  /** The token of an id, as the vocabulary writes it; undefined where there is none. */
  idToToken(id: number): string | undefined {
    checkArgument('tokenizers/idToToken', 'id', id, aNumeric);
    return this.added.get(id)?.content ?? this.definition.model.vocabulary.idToToken(id);
  }

  /** The id of the token that pads rows; undefined where there is none, as for those below. */
  get padId(): number | undefined {
    return this.roleId('pad');
  }

  /** The id of the token for what is unknown. */
  get unkId(): number | undefined {
    return this.roleId('unk');
  }

  /** The id of the token that begins a text. */
  get bosId(): number | undefined {
    return this.roleId('bos');
  }

  /** The id of the token that ends a text. */
  get eosId(): number | undefined {
    return this.roleId('eos');
  }

  /** The id of the token that stands for a whole text. */
  get clsId(): number | undefined {
    return this.roleId('cls');
  }

  /** The id of the token between texts. */
  get sepId(): number | undefined {
    return this.roleId('sep');
  }

  /** The id of the token that a model fills in. */
  get maskId(): number | undefined {
    return this.roleId('mask');
  }

  /**
   * What tokens begin with that go on a word, such as `##`; undefined where no such mark tells them apart, as
   * in the vocabularies of GPT-2's kind.
   */
  get continuingPrefix(): string | undefined {
    return this.definition.model.continuingPrefix;
  }

  private isSpecial(id: number): boolean {
    return this.added.get(id)?.special === true || this.definition.control?.has(id) === true;
  }

  private roleId(role: Role): number | undefined {
    const content = this.definition.roles[role];
    return content === undefined ? undefined : this.tokenToId(content);
  }

  /** Checks at once what the steps then rely on. */
  private steps(where: string, text: string, options: AllOptions, progress?: Progress): Steps<Encoding> {
    checkArgument(where, 'text', text, aString);
    if (options.maxLength === undefined && options.stride !== undefined) {
      throw new AttnError(
        'INVALID_ARGUMENT',
        where,
        `stride needs maxLength, got stride ${options.stride} alone`,
      );
    }
    return this.checkedSteps(where, text, options, progress);
  }

  private *checkedSteps(
    where: string,
    text: string,
    options: AllOptions,
    progress?: Progress,
  ): Steps<Encoding> {
    const { pair, addSpecialTokens = true, maxLength, stride = 0 } = options;
    const second = pair === '' && this.definition.ignoresEmptyPair ? undefined : pair;
    const lists: TokenList[] = [];
    for (const each of second === undefined ? [text] : [text, second]) {
      const list = new TokenList();
      lists.push(list);
      progress?.begin(list);
      yield* this.pipeline.tokens(each, list);
      progress?.end(each.length);
      yield;
    }

    const { single, pair: double } = this.definition.template;
    const whole = second === undefined ? single : double;
    const template = addSpecialTokens ? whole : whole.filter(({ kind }) => kind === 'text');
    const last = lists[lists.length - 1];
    if (maxLength === undefined) return yield* this.assembled(template, lists, { from: 0, to: last.length });
    const question = lists.length === 1 ? 0 : lists[0].length;
    const room = roomOf(where, maxLength, stride, addedCount(template), question);
    const windows: Encoding[] = [];
    for (const slice of slices(last.length, room, stride)) {
      windows.push(yield* this.assembled(template, lists, slice));
    }
    return { ...windows[0], windows } as WindowedEncoding;
  }

  /** The template with its texts; of the last text only a slice. */
  private *assembled(
    template: readonly TemplatePart[],
    lists: readonly TokenList[],
    slice: Slice,
  ): Steps<Encoding> {
    const question = lists.length === 1 ? 0 : lists[0].length;
    const size = addedCount(template) + question + slice.to - slice.from;
    const result = size > STRIDE ? yield* EncodingBuilder.ofLargeSize(size) : new EncodingBuilder(size);
    for (const part of template) {
      if (part.kind === 'token') {
        result.addSpecial(part.id, part.typeId);
        continue;
      }
      const list = lists[part.sequence];
      const { from, to } = part.sequence === lists.length - 1 ? slice : { from: 0, to: list.length };
      for (let i = from; i < to; i += STRIDE) {
        this.addTokens(result, list, i, Math.min(to, i + STRIDE), i === from, part);
        yield;
      }
    }
    return result;
  }

  private addTokens(
    result: EncodingBuilder,
    list: TokenList,
    from: number,
    to: number,
    isFirst: boolean,
    { sequence, typeId }: TextPart,
  ): void {
    const { trimmer } = this;
    let span: Span | undefined;
    for (let i = from; i < to; i++) {
      const own: Span = trimmer?.span(list, i, isFirst && i === from) ?? [list.startAt(i), list.endAt(i)];
      // Tokens of one character share its span: less to collect.
      if (span?.[0] !== own[0] || span[1] !== own[1]) span = own;
      result.add(list.idAt(i), span, typeId, sequence, list.wordAt(i));
    }
  }
}

/** How far the steps of a call are. */
class Progress {
  private done = 0;
  private list: TokenList | undefined;

  /** The next text begins; its tokens go into a list. */
  begin(list: TokenList): void {
    this.list = list;
  }

  /** The text has ended. */
  end(length: number): void {
    this.done += length;
    this.list = undefined;
  }

  /** UTF-16 units that are done. */
  get units(): number {
    const { list } = this;
    return this.done + (list === undefined || list.length === 0 ? 0 : list.endAt(list.length - 1));
  }
}

/** Steps that report where they are. */
function* reporting<T>(steps: Steps<T>, progress: Progress): Generator<number, T, undefined> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    yield progress.units;
  }
}
