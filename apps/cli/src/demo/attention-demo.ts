/**
 * `attn demo --attention`: attention alone over a book, in real time,
 * checked against float64, beside dense attention.
 */
import { drawPattern } from '@attn/core';
import { badArgument, isSet, text, type Options } from '../args.ts';
import { readBackend, withAttn } from '../backends.ts';
import type { Context } from '../command.ts';
import { readBook, type Book } from './book.ts';
import { HEAD_DIM, HEADS } from './embedding.ts';
import { measure, type Measurement } from './measure.ts';
import { readSubject } from './subject.ts';
import { bytes, count, duration, percent } from '../terminal/format.ts';
import { table } from '../terminal/table.ts';
import { checkFolder, writeOutputFile } from '../output-file.ts';

/** Lengths in bytes, unless `--n` says otherwise. */
export const LENGTHS: readonly number[] = [4096, 16_384, 65_536];

/** Where the picture goes unless `--out` says otherwise. */
export const PICTURE = './attn-demo-pattern.svg';

/** Runs it. Errors: of the options, the backends and the run. */
export async function runAttentionDemo(options: Options, context: Context): Promise<void> {
  const book = await readBook();
  const lengths = readLengths(options, book);
  const subject = await readSubject(options, book);
  const backend = readBackend(options);
  const picture = text(options, 'out') ?? PICTURE;
  isSet(options, 'progress');
  await checkFolder(picture);
  const found: Measurement[] = [];
  await withAttn(backend, context, async (attn) => {
    context.print(
      `${book.title}, ${count(book.bytes.length)} bytes in ${book.headings.length} chapters; one byte is one token.\n` +
        `${subject.name}, ${HEADS} heads × ${HEAD_DIM}: ${subject.describes}.\n`,
    );
    for (const n of lengths) found.push(await measure(attn, book, subject, n, backend, found, context));
  });
  context.progress.clear();
  const drawn = lengths[Math.floor((lengths.length - 1) / 2)];
  const pattern = subject.pattern(drawn);
  if (pattern) await writeOutputFile(picture, drawPattern(pattern, { n: drawn, size: 128 }).toSvg());

  context.printJson({
    text: book.title,
    heads: HEADS,
    headDim: HEAD_DIM,
    measurements: found.map((one) => ({ ...one, speedup: one.denseMs / one.ms })),
    ...(pattern && { picture }),
  });
  context.print(resultTable(found));
  context.print(
    `\n~ not measured: extrapolated from a shorter length: dense ∝ n², plain JS ∝ pairs.  memory: peak of the process.\n` +
      `error: greatest difference from the float64 reference in ${found[0].checkedRows}+ sampled rows, local and global.\n` +
      `backend: ${found[found.length - 1].backend}, ${found[found.length - 1].why}.` +
      (pattern ? `\npicture of the pattern at n = ${count(drawn)}: ${picture}` : ''),
  );
}

function resultTable(found: readonly Measurement[]): string {
  const right = (title: string) => ({ title, align: 'right' }) as const;
  const columns = [
    right('n'),
    right('globals'),
    { title: 'backend' },
    right('time'),
    right('planning'),
    right('memory'),
    right('of n²'),
    right('dense'),
    right('faster'),
    right('plain JS'),
    right('faster'),
    right('error'),
  ];
  const rows = found.map((one) => {
    const mark = one.denseMeasured ? '' : '~';
    const plainMark = one.plainMeasured ? '' : '~';
    return [
      count(one.n),
      String(one.globals),
      one.backend,
      duration(one.ms),
      duration(one.planMs),
      bytes(one.peakBytes),
      percent(one.computedShare),
      mark + duration(one.denseMs),
      `${mark}${(one.denseMs / one.ms).toPrecision(2)}×`,
      one.plainMs === undefined ? '' : plainMark + duration(one.plainMs),
      one.plainMs === undefined ? '' : `${plainMark}${(one.plainMs / one.ms).toPrecision(2)}×`,
      one.maxError.toExponential(1),
    ];
  });
  return table(columns, rows);
}

function readLengths(options: Options, book: Book): readonly number[] {
  const given = text(options, 'n');
  if (given === undefined) return LENGTHS;
  const most = book.bytes.length;
  return given.split(',').map((part) => {
    const n = Number(part);
    if (part.trim() !== '' && Number.isSafeInteger(n) && n >= 1 && n <= most) return n;
    throw badArgument(
      `--n must be integers from 1 to ${most} (the bytes of ${book.title}), got ${JSON.stringify(part)}`,
    );
  });
}
