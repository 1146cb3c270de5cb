/** Makes entities of the logits of a text's windows as they come. */
import type { TextWindow } from '../../encode/windows.ts';
import { bestPath, spansOfPath } from './best-path.ts';
import type { Entity, EntityGroup } from './entities.ts';
import { groupEntities } from './group-entities.ts';
import { LabelScores } from './label-scores.ts';
import { mergeWindows } from './merge-windows.ts';
import type { Plan } from './options.ts';
import { taggedWords, type Tagged } from './tagged-words.ts';
import type { TextTokens } from './text-tokens.ts';

/** Takes the windows of a text in any order. */
export interface TextReader {
  /** Takes a window and its logits [tokens, labels]. */
  add(window: TextWindow, logits: Float32Array): void;
  /** The entities of the text, when all its windows have come. */
  entities(): readonly Entity[];
}

/** The reader of a text whose labels have these names. */
export function readerOf(tokens: TextTokens, names: readonly string[], plan: Plan): TextReader {
  return plan.stride === undefined
    ? new WholeText(tokens, names, plan)
    : new SeparateWindows(tokens, names, plan);
}

/** Tokens have the logits of the window in which they stand deepest, and are labelled together. */
class WholeText implements TextReader {
  private readonly tokens: TextTokens;
  private readonly plan: Plan;
  private readonly scores: LabelScores;

  constructor(tokens: TextTokens, names: readonly string[], plan: Plan) {
    const { from, to } = tokens;
    this.tokens = tokens;
    this.plan = plan;
    this.scores = new LabelScores(names, from, new Float32Array((to - from) * names.length));
  }

  add({ parts }: TextWindow, logits: Float32Array): void {
    const { from, to } = this.tokens;
    const count = this.scores.names.length;
    for (const part of parts) {
      if (part.share < 1) continue; // special tokens, which all windows repeat
      const shift = part.at - part.from;
      const first = Math.max(part.from + shift, from);
      const last = Math.min(part.to + shift, to);
      if (first >= last) continue;
      const rows = logits.subarray((first - shift) * count, (last - shift) * count);
      this.scores.logits.set(rows, (first - from) * count);
    }
  }

  entities(): readonly Entity[] {
    const { tokens, scores, plan } = this;
    const { strategy, biases } = plan;
    const words =
      biases === undefined
        ? taggedWords(tokens, tokens.from, tokens.to, scores, strategy)
        : bestPath(tokens, scores, biases);
    if (strategy === 'none') return tokenEntities(tokens, words, plan);
    if (biases === undefined) return groupsOf(tokens, words, plan);
    const spans = spansOfPath(tokens, scores.names, words);
    return spans.filter(({ entity_group: type }) => !plan.ignored.has(type));
  }
}

/** Each window gives groups of its own, as in the original. */
class SeparateWindows implements TextReader {
  private readonly tokens: TextTokens;
  private readonly names: readonly string[];
  private readonly plan: Plan;
  private readonly windows: { readonly first: number; readonly groups: readonly EntityGroup[] }[] = [];

  constructor(tokens: TextTokens, names: readonly string[], plan: Plan) {
    this.tokens = tokens;
    this.names = names;
    this.plan = plan;
  }

  add({ parts }: TextWindow, logits: Float32Array): void {
    const { tokens, names, plan } = this;
    const count = names.length;
    const own = parts.find(({ share }) => share === 1);
    if (own === undefined) return;
    const shift = own.at - own.from;
    const after = tokens.length - tokens.to;
    const first = tokens.from + shift;
    const last = logits.length / count - after + shift;
    const rows = logits.slice(tokens.from * count, (last - shift) * count);
    const scores = new LabelScores(names, first, rows);
    const words = taggedWords(tokens, first, last, scores, plan.strategy);
    this.windows.push({ first, groups: groupsOf(tokens, words, plan) });
  }

  entities(): readonly Entity[] {
    const { windows, tokens } = this;
    const groups = windows.toSorted((a, b) => a.first - b.first).flatMap((window) => window.groups);
    return windows.length > 1 ? mergeWindows(tokens.text, groups) : groups;
  }
}

function tokenEntities(tokens: TextTokens, words: readonly Tagged[], { ignored }: Plan): readonly Entity[] {
  return words
    .filter(({ label }) => !ignored.has(label))
    .map(({ label, score, from, to }) => ({
      entity: label,
      score,
      index: from,
      word: tokens.word(from, to),
      start: tokens.start(from),
      end: tokens.end(from),
    }));
}

function groupsOf(
  tokens: TextTokens,
  words: readonly Tagged[],
  { ignored, tags }: Plan,
): readonly EntityGroup[] {
  return groupEntities(words, tags)
    .filter(({ type }) => !ignored.has(type))
    .map(({ type, score, from, to }) => ({
      entity_group: type,
      score,
      word: tokens.word(from, to),
      start: tokens.start(from),
      end: tokens.end(to - 1),
    }));
}
