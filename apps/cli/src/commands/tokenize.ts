/** `attn tokenize`: texts to ids with the place of every token, line by line. */
import { show, type TextLine } from '@attn/core/backend';
import { loadTokenizer } from '@attn/models/node';
import type { Encoding, WindowedEncoding } from '@attn/tokenizers';
import { badArgument, integer, requiredText, text, type Options } from '../args.ts';
import type { Command, Context } from '../command.ts';
import { checkInput, linesOf, parseLine } from '../lines.ts';
import { readHubOptions, readSource, SOURCE_OPTIONS } from '../model.ts';
import { checkOutput, writeOutputFile } from '../output-file.ts';
import { count, duration } from '../terminal/format.ts';
import { fields } from '../terminal/table.ts';

/** The command. */
export const tokenize: Command = {
  name: 'tokenize',
  summary: 'Turn texts into ids with the place of every token',
  options: [
    ...SOURCE_OPTIONS,
    ['--input <file>', 'Lines {"text"} or {"text","pair"}; - is standard input'],
    ['--output <file>', 'One line of ids, offsets and typeIds for each (default: standard output)'],
    ['--max-length <count>', 'Also windows of at most so many tokens, special ones included'],
    ['--stride <count>', 'Tokens that neighbouring windows share (default: 0)'],
    ['--no-special-tokens', 'Leave out the tokens that the model puts around texts'],
    ['--progress', 'Show progress on stderr even where it is not a terminal'],
  ],
  examples: ['tokenize --model allenai/longformer-base-4096 --input lines.jsonl --output out.jsonl'],
  run: runTokenize,
};

/** A line of the input. */
interface Request {
  readonly text: string;
  readonly pair: string | undefined;
}

async function runTokenize(options: Options, context: Context): Promise<void> {
  const source = readSource(options);
  const input = requiredText(options, 'input', 'a file of lines {"text"}, or - for standard input');
  const output = text(options, 'output') ?? '-';
  const maxLength = integer(options, 'maxLength');
  const stride = integer(options, 'stride', { least: 0 });
  if (stride !== undefined && maxLength === undefined) throw badArgument('--stride needs --max-length');
  if (output === '-' && context.json)
    throw badArgument('--json needs --output: without it, the lines themselves go to standard output');
  if (output !== '-') await checkOutput('output', output, options, ['input']);
  await checkInput(input);
  const { signal, progress } = context;
  const addSpecialTokens = options.specialTokens !== false;
  const start = performance.now();
  progress.update(`loading ${source}`);
  const tokenizer = await loadTokenizer(source, readHubOptions(options, context));
  const totals = { lines: 0, tokens: 0 };

  async function* encoded(): AsyncGenerator<string, void, undefined> {
    for await (const line of linesOf(input, signal)) {
      signal.throwIfAborted();
      totals.lines = line.number;
      const { text, pair } = readRequest(line);
      const { windows, ...encoding }: Encoding & Partial<WindowedEncoding> =
        maxLength === undefined
          ? await tokenizer.encodeAsync(text, { pair, addSpecialTokens, signal })
          : await tokenizer.encodeAsync(text, { pair, addSpecialTokens, signal, maxLength, stride });
      for (const { ids } of windows ?? [encoding]) totals.tokens += ids.length;
      progress.update(`${count(totals.lines)} lines, ${count(totals.tokens)} tokens`);
      yield `${JSON.stringify({ ...columns(encoding), windows: windows?.map(columns) })}\n`;
    }
  }

  if (output === '-') {
    for await (const line of encoded()) await context.write(line);
    return progress.clear();
  }
  await writeOutputFile(output, encoded());
  progress.clear();
  const ms = performance.now() - start;
  context.printJson({ ...totals, ms, output });
  context.print(
    fields([
      ['lines', count(totals.lines)],
      ['tokens', count(totals.tokens)],
      ['time', duration(ms)],
      ['output', output],
    ]),
  );
}

function columns({ ids, offsets, typeIds }: Encoding): Pick<Encoding, 'ids' | 'offsets' | 'typeIds'> {
  return { ids, offsets, typeIds };
}

/** Reads a line. Errors: `INVALID_ARGUMENT`, with its number. */
function readRequest(line: TextLine): Request {
  const value = parseLine(line);
  const { text, pair } = Object(value) as Partial<Record<string, unknown>>;
  if (typeof text === 'string' && (pair === undefined || typeof pair === 'string')) return { text, pair };
  const { number } = line;
  throw badArgument(`line ${number} of --input must be {"text"} or {"text","pair"}, got ${show(value)}`);
}
