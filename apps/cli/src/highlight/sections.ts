/** What a page of highlights shows of each input: its text, and the spans of its answer. */
import type { AttnError } from '@attn/core';
import type { Span } from './pieces.ts';

/** A part of the page: one input and its answer. */
export interface Section {
  readonly title: string;
  readonly text: string;
  readonly spans: readonly Span[];
  /** What is wrong with the input, or that there is no answer. */
  readonly note?: string;
}

/** An input with its answer, or with what is wrong. */
export interface Answered {
  readonly input: unknown;
  readonly answer?: unknown;
  readonly error?: AttnError | undefined;
}

/** Tasks whose answers are parts of texts. */
const HIGHLIGHTED: readonly string[] = ['token-classification', 'ner', 'question-answering'];

/** Whether the answers of a task are parts of texts. */
export function isHighlighted(task: string): boolean {
  return HIGHLIGHTED.includes(task);
}

/**
 * The section of an input.
 * @param number the number of the input, from 1
 * @param options the options of the task: `delimiter` stands between the words of a list
 */
export function sectionOf(
  task: string,
  { input, answer, error }: Answered,
  number: number,
  options: object = {},
): Section {
  const { text = input, question, context = text } = Object(input) as Readonly<Record<string, unknown>>;
  const { delimiter = ' ' } = options as { readonly delimiter?: string };
  const words = Array.isArray(context) ? context.join(delimiter) : context;
  const title = typeof question === 'string' ? `${number}. ${question}` : `Input ${number}`;
  const section = { title, text: typeof words === 'string' ? words : '', spans: [] };
  if (error !== undefined) return { ...section, note: error.sentence };
  const items = (Array.isArray(answer) ? answer : [answer]) as readonly SpanAnswer[];
  return { ...section, ...(task === 'question-answering' ? answers(items) : entities(items)) };
}

/** An entity or an answer, as pipelines return it. */
interface SpanAnswer {
  readonly start: number;
  readonly end: number;
  readonly score?: number | null;
  readonly entity_group?: string;
  readonly entity?: string;
}

function entities(items: readonly SpanAnswer[]): Pick<Section, 'spans' | 'note'> {
  const spans = items.map((item) => spanOf(item, item.entity_group ?? item.entity ?? ''));
  return spans.length > 0 ? { spans } : { spans, note: 'no entities' };
}

/** Answers by their ranks. An answer without a text says that there is none. */
function answers(items: readonly SpanAnswer[]): Pick<Section, 'spans' | 'note'> {
  const spans = items.map((item, i) => spanOf(item, items.length > 1 ? `answer ${i + 1}` : 'answer'));
  const none = spans.find(({ start, end }) => start === end);
  const visible = spans.filter((span) => span !== none);
  if (none === undefined) return { spans: visible };
  const { score, label } = none;
  const more = score === undefined ? '' : ` (${score.toFixed(3)})`;
  return { spans: visible, note: visible.length === 0 ? `no answer${more}` : `${label}: none${more}` };
}

function spanOf({ start, end, score }: SpanAnswer, label: string): Span {
  return { start, end, label, score: score ?? undefined };
}
