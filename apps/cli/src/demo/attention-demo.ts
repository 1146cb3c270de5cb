/**
 * `attn demo --attention`: runs attention alone over a book, checks
 * it against float64, and compares it with dense attention.
 */
import { drawPattern } from '@attn/core';
import { badArgument, isSet, text, type Options } from '../args.ts';
import { readBackend, withAttn } from '../backends.ts';
import type { Context } from '../command.ts';
import { readBook, type Book } from './book.ts';
import { HEAD_DIM, HEADS } from './embedding.ts';
import { measure, type Measurement } from './measure.ts';
import { readDemoCall } from './demo-call.ts';
import { bytes, count, duration, percent } from '../terminal/format.ts';
import { table } from '../terminal/table.ts';
import { checkFolder, writeOutputFile } from '../output-file.ts';

/** Default lengths, in bytes. */
export const LENGTHS: readonly number[] = [4096, 16_384, 65_536];

/** Default path of the picture. */
export const PICTURE = './attn-demo-pattern.svg';

/** Runs the demo. Errors: those of the options, the backends and the run. */
export async function runAttentionDemo(options: Options, context: Context): Promise<void> {
  const book = await readBook();
  const lengths = readLengths(options, book);
  const demoCall = await readDemoCall(options, book);
  const backend = readBackend(options);
  const picture = text(options, 'out') ?? PICTURE;
  isSet(options, 'progress');
  await checkFolder(picture);
  const measurements: Measurement[] = [];
  await withAttn(backend, context, async (attn) => {
    context.print(
      `${book.title}, ${count(book.bytes.length)} bytes in ${book.headings.length} chapters; one byte is one token.\n` +
        `${demoCall.name}, ${HEADS} heads × ${HEAD_DIM}: ${demoCall.describes}.\n`,
    );
    const measureOptions = { attn, book, demoCall, backend, earlier: measurements, context };
    for (const n of lengths) measurements.push(await measure(n, measureOptions));
  });
  context.progress.clear();
  const pictureLength = lengths[Math.floor((lengths.length - 1) / 2)];
  const pattern = demoCall.pattern(pictureLength);
  if (pattern) await writeOutputFile(picture, drawPattern(pattern, { n: pictureLength, size: 128 }).toSvg());

  context.printJson({
    text: book.title,
    heads: HEADS,
    headDim: HEAD_DIM,
    measurements: measurements.map((measurement) => ({
      ...measurement,
      speedup: measurement.denseMs / measurement.ms,
    })),
    ...(pattern && { picture }),
  });
  context.print(resultTable(measurements));
  context.print(
    `\n~ not measured: extrapolated from a shorter length: dense ∝ n², plain JS ∝ pairs.  memory: peak of the process.\n` +
      `error: greatest difference from the float64 reference in ${measurements[0].checkedRows}+ sampled rows, local and global.\n` +
      `backend: ${measurements[measurements.length - 1].backend}, ${measurements[measurements.length - 1].why}.` +
      (pattern ? `\npicture of the pattern at n = ${count(pictureLength)}: ${picture}` : ''),
  );
}

function resultTable(measurements: readonly Measurement[]): string {
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
  const rows = measurements.map((measurement) => {
    const mark = measurement.denseMeasured ? '' : '~';
    const plainMark = measurement.plainMeasured ? '' : '~';
    return [
      count(measurement.n),
      String(measurement.globals),
      measurement.backend,
      duration(measurement.ms),
      duration(measurement.planMs),
      bytes(measurement.peakBytes),
      percent(measurement.computedShare),
      mark + duration(measurement.denseMs),
      `${mark}${(measurement.denseMs / measurement.ms).toPrecision(2)}×`,
      measurement.plainMs === undefined ? '' : plainMark + duration(measurement.plainMs),
      measurement.plainMs === undefined
        ? ''
        : `${plainMark}${(measurement.plainMs / measurement.ms).toPrecision(2)}×`,
      measurement.maxError.toExponential(1),
    ];
  });
  return table(columns, rows);
}

function readLengths(options: Options, book: Book): readonly number[] {
  const list = text(options, 'n');
  if (list === undefined) return LENGTHS;
  const most = book.bytes.length;
  return list.split(',').map((part) => {
    const n = Number(part);
    if (part.trim() !== '' && Number.isSafeInteger(n) && n >= 1 && n <= most) return n;
    throw badArgument(
      `--n must be integers from 1 to ${most} (the bytes of ${book.title}), got ${JSON.stringify(part)}`,
    );
  });
}
