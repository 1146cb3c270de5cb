/** `attn search`: finds the passages of a corpus that fit a question. */
import type { JsonObject } from '@attn/core';
import { show } from '@attn/core/backend';
import type { SearchMode, SearchResult } from '@attn/corpus';
import { badArgument, integer, requiredText, text, type Options } from '../args.ts';
import { BACKEND_HELP, readBackend, withAttn } from '../backends.ts';
import type { Command, Context } from '../command.ts';
import { openStore, STORE_OPTION } from '../corpus.ts';
import { piecesOf } from '../highlight/pieces.ts';
import { bold } from '../terminal/table.ts';

/** The command. */
export const search: Command = {
  name: 'search',
  argument: 'question',
  summary: 'Find passages of a corpus by meaning and by words',
  options: [
    STORE_OPTION,
    ['--limit <count>', 'How many passages, the best first (default: 10)'],
    [
      '--path <prefix>',
      'Only documents whose paths begin with this, or fit it if it is a glob: **/notes/*.md',
    ],
    ['--where <fields>', 'Only documents with this metadata, e.g. year=1851,kind=novel'],
    ['--mode <mode>', 'hybrid (default), vectors or words'],
    ['--model <source>', 'Where the model of the store is (default: where it was when the store was made)'],
    ['--backend <name>', BACKEND_HELP],
    ['--progress', 'Show progress on stderr even where it is not a terminal'],
  ],
  examples: [
    'search "Who narrates the story?" --store ./store',
    'search doubloon --store postgres://localhost/corpus --path /srv/books/ --limit 3 --json',
  ],
  run: runSearch,
};

const MODES: readonly SearchMode[] = ['hybrid', 'vectors', 'words'];

async function runSearch(options: Options, context: Context): Promise<void> {
  const question = requiredText(options, 'question', 'what to search for');
  const limit = integer(options, 'limit', { most: 500 });
  const mode = readMode(options);
  const path = text(options, 'path');
  const metadata = readFields(options);
  const backend = readBackend(options);
  const { signal, progress } = context;
  await withAttn(backend, context, async (attn) => {
    await using corpus = await openStore(options, context, { loading: { attn }, backend, mustExist: true });
    progress.update('searching');
    const start = performance.now();
    const results = await corpus.search(question, { limit, mode, path, metadata, signal });
    const ms = performance.now() - start;
    progress.clear();
    context.printJson({ question, results, ms });
    context.print(results.length === 0 ? 'nothing was found' : results.map(resultText).join('\n\n'));
  });
}

function readMode(options: Options): SearchMode | undefined {
  const word = text(options, 'mode');
  const mode = MODES.find((name) => name === word);
  if (word === undefined || mode !== undefined) return mode;
  throw badArgument(`--mode must be ${MODES.join(' or ')}, got ${show(word)}`);
}

/** Fields such as `year=1851,kind=novel`; a value that is JSON, such as a number, is taken as such. */
function readFields(options: Options): JsonObject | undefined {
  const list = text(options, 'where');
  if (list === undefined) return undefined;
  return Object.fromEntries(
    list.split(',').map((field) => {
      const [, name, value] = /^\s*([^=]+?)\s*=(.*)$/.exec(field) ?? [];
      if (name === undefined)
        throw badArgument(`--where must be fields such as year=1851, got ${show(list)}`);
      return [name, valueOf(value)];
    }),
  );
}

function valueOf(word: string): string | number | boolean | null {
  if (/^(true|false|null|-?\d+(\.\d+)?)$/.test(word)) return JSON.parse(word) as number | boolean | null;
  return word.replace(/^"(.*)"$/, '$1');
}

/** A result as people read it: where it stands, and the passage with the words in bold. */
function resultText({ path, title, start, end, similarity, passage, matches }: SearchResult): string {
  const name = title === undefined ? path : `${path} (${title})`;
  const head = `${bold(name)}  ${start}–${end}  similarity ${similarity.toFixed(3)}`;
  const words = matches.map(([from, to]) => ({ start: from, end: to, label: 'match' }));
  const pieces = piecesOf(passage.length, words).map((piece) => {
    const part = passage.slice(piece.start, piece.end);
    return piece.spans.length === 0 ? part : bold(part);
  });
  const body = pieces.join('').replaceAll(/\s*\n\s*/g, '\n  ');
  return `${head}\n  ${body}`;
}
