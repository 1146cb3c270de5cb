/** A page of the text with what was found in it, and a strip of the text above. */
import { useMemo } from 'preact/hooks';
import { count } from '../ui/format.ts';
import { flowing, pageAt, pagesOf, piecesOf, withoutOverlaps } from './pages.ts';
import { book, highlights, index, look, place, scores, weights } from './read-state.ts';
import { Strip, type Heat } from './strip.tsx';
import { WeightedText } from './weighted-text.tsx';

/** The text. */
export function TextView() {
  const { text: source } = book.value ?? { text: '' };
  const text = useMemo(() => flowing(source), [source]);
  const starts = useMemo(() => pagesOf(text), [text]);
  const page = pageAt(starts, place.value);
  const range = [starts[page], starts[page + 1] ?? text.length] as const;
  const turn = (to: number): void => void (place.value = starts[to]);
  return (
    <div class="stack">
      <Strip
        range={stripRange(text.length)}
        heat={heatOf()}
        page={range}
        onChoose={(at) => void (place.value = at)}
      />
      {look.value !== 'attention' && look.value !== 'entities' && <Hits text={text} />}
      <div class="pager" role="group" aria-label="Pages">
        <button type="button" disabled={page === 0} onClick={() => turn(page - 1)}>
          Back
        </button>
        <span role="status">{`Page ${count(page + 1)} of ${count(starts.length)}`}</span>
        <button type="button" disabled={page === starts.length - 1} onClick={() => turn(page + 1)}>
          On
        </button>
      </div>
      {look.value === 'attention' ? (
        <WeightedText text={text} range={range} />
      ) : (
        <Marked text={text} range={range} />
      )}
    </div>
  );
}

/** The whole text; of a token's weights the window that they are in. */
function stripRange(length: number): readonly [number, number] {
  const spans = (look.value === 'attention' ? (weights.value?.offsets ?? []) : []).filter(
    (span) => span !== null,
  );
  return spans.length === 0 ? [0, length] : [spans[0][0], spans[spans.length - 1][1]];
}

/** What the strip shows: similarities, marks, or the weights of a token. */
function heatOf(): readonly Heat[] {
  if (look.value === 'attention') {
    const { offsets, weights: values } = weights.value ?? { offsets: [], weights: new Float32Array() };
    const most = values.reduce((greatest, value) => Math.max(greatest, value), 0);
    return offsets.flatMap((span, i) =>
      span === null ? [] : [{ start: span[0], end: span[1], value: values[i] / most }],
    );
  }
  const { chunks } = index.value ?? {};
  const values = scores.value;
  if (look.value === 'search' && chunks !== undefined && values !== undefined) {
    const sorted = values.toSorted();
    const [low, high] = [sorted[Math.floor(sorted.length / 2)], sorted[sorted.length - 1]];
    return chunks.map(({ start, end }, i) => ({
      start,
      end,
      value: (values[i] - low) / Math.max(1e-9, high - low),
    }));
  }
  return highlights.value.map(({ start, end }) => ({ start, end, value: 1 }));
}

function Hits({ text }: { readonly text: string }) {
  if (highlights.value.length === 0) return null;
  return (
    <ol class="hits" aria-label="Hits, the best first">
      {highlights.value.map(({ start, end, score }) => (
        <li key={start}>
          <button type="button" onClick={() => void (place.value = start)}>
            <span>{text.slice(start, end).trim()}</span>
            <span class="faint">{score.toFixed(3)}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}

interface PageProps {
  readonly text: string;
  readonly range: readonly [number, number];
}

function Marked({ text, range }: PageProps) {
  const showsLabels = look.value === 'entities';
  // Hits and answers may overlap, the best first; entities never do.
  const apart = showsLabels ? highlights.value : withoutOverlaps(highlights.value);
  const marks = apart.toSorted((a, b) => a.start - b.start);
  return (
    <div class="reader" role="region" aria-label="The text" tabIndex={0}>
      {piecesOf(text, range, marks).map(({ start, text: piece, mark }) =>
        mark === undefined ? (
          piece
        ) : (
          <mark key={start} class={mark.start === place.value ? 'here' : undefined}>
            {piece}
            {showsLabels && <span class="label">{mark.label}</span>}
          </mark>
        ),
      )}
    </div>
  );
}
